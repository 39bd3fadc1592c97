"""A disk that is full at any moment of landing leaves nothing half landed."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.ingest.full_disk import ROWS

# Whoever makes a namespace of his own may mount in it.
UNSHARE = ["unshare", "--map-root-user", "--mount"]


@pytest.fixture(autouse=True, scope="module")
def _mounts():
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare to mount a small disk with")
    tried = subprocess.run(
        [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"this user may not mount a small disk: {tried.stderr.strip()}")


@pytest.mark.parametrize("content", ["good", "broken"])
def test_it_is_said_and_the_next_run_lands_it_all(tmp_path, content):
    outcome = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.ingest.full_disk", tmp_path, content],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    whole = [[len(ROWS), int(content == "broken")]]
    failed = 0
    for line in outcome.stdout.splitlines():
        _, first, again = json.loads(line)
        if first["reason"]:
            failed += 1
            # The file is not to blame.
            assert first["reason"].startswith("WarehouseError: the disk has no room")
            assert "exports/shop/sales.csv" in first["reason"]
            assert (first["loads"], first["files"]) == ([], [])
        for tried in (again, *([] if first["reason"] else [first])):
            assert tried["reason"] is None
            assert tried["loads"] == whole
            assert tried["files"] == ["1.parquet", "_load.json"]
    # Some sizes were too small, and the last was not.
    assert 3 <= failed < len(outcome.stdout.splitlines())
