"""Run every measurement and print it."""

import tempfile
from pathlib import Path

from tests.bench import demo_run, features, landing


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        data = Path(folder) / "data"
        demo_run.measure(data)
        landing.measure(data)
        features.measure(data)


if __name__ == "__main__":
    main()
