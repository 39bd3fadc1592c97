"""Lands what is there and kills itself on the way: ``python -m tests.ingest.killed``.

Takes a folder, a module, the name of a function of it, and whether it is killed before
or after that was called.
"""

import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.ingest.shop import REQUIRED, Shop


def main() -> None:
    """Land until there."""
    folder, module, name, moment = sys.argv[1:]
    place: Any = Path if module == "Path" else importlib.import_module(module)
    function = getattr(place, name)

    def killed(*args: object, **options: object) -> None:
        if moment == "after":
            function(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, killed)
    Shop(Path(folder)).land(REQUIRED)


if __name__ == "__main__":
    main()
