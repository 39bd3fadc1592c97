"""How fast the machine is at the moment, so that figures of two days compare."""

import time

ADDITIONS = 20_000_000


def measure() -> None:
    """Time a loop of additions in Python, on one core, three times."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        total = 0
        for number in range(ADDITIONS):
            total += number
        found.append(time.perf_counter() - began)
    print(
        f"Yardstick: {ADDITIONS:,} additions in {min(found):.2f} to {max(found):.2f} s"
    )
