"""Run every measurement and print it."""

import tempfile
from pathlib import Path

from tests.bench import delta, demo_run, features, kinds, landing, learning, yardstick


def main() -> None:
    yardstick.measure()
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        data = Path(folder) / "data"
        demo_run.measure(data)
        landing.measure(data)
        features.measure(data)
        learning.measure(data)
        delta.measure(data)
    kinds.measure()
    yardstick.measure()


if __name__ == "__main__":
    main()
