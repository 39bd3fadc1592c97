"""Lands a file on a disk that is too small: in a process that may mount one.

``python -m tests.ingest.full_disk FOLDER good|broken`` tries it with ever more room,
and each time again when there is enough; it prints what came of both, as JSON.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dbt_models import WarehouseError
from tests.ingest.shop import LENIENT, Shop, text

_DISK = 24 << 20
# Bytes, from nothing to more than it takes.
_ROOM = (0, 4 << 10, 100 << 10, 300 << 10, 1 << 20, 2 << 20, 4 << 20, 12 << 20)
ROWS = [
    f"{n},{n}.50,{n * 7_919 % 100_003} of {n * 104_729 % 1_000_003}"
    for n in range(1, 30_000)
]


def _try_to_land(shop: Shop) -> dict[str, object]:
    reason = None
    try:
        shop.land(**LENIENT)
    except WarehouseError as error:
        reason = f"{type(error).__name__}: {error}"
    return {
        "reason": reason,
        "loads": [(load.rows_loaded, load.rows_rejected) for load in shop.loads()],
        "files": sorted(
            path.name for path in shop.deployment.raw.rglob("*") if path.is_file()
        ),
    }


def main() -> None:
    """Mount a disk and fill it up."""
    disk, content = Path(sys.argv[1]), sys.argv[2]
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", disk], check=True
    )
    shop = Shop(disk / "data")
    shop.export("sales.csv", text([*ROWS, "x,1,"] if content == "broken" else ROWS))
    ballast = disk / "ballast"
    for room in _ROOM:
        free = os.statvfs(disk)
        ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - room))
        first = _try_to_land(shop)
        ballast.unlink()
        print(json.dumps([room, first, _try_to_land(shop)]))
        shutil.rmtree(shop.deployment.raw)


if __name__ == "__main__":
    main()
