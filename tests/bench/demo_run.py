"""The demo from exports to published: each stage's share, and peak memory."""

import os
import subprocess
from pathlib import Path

from tests.bench import crm_run, processes


def measure(data: Path) -> None:
    """Write the demo below ``data``, run it, then run it again with nothing new."""
    environment = {**os.environ, "CRM_DATA": str(data)}
    subprocess.run(
        [crm_run.CRM, "demo", "complete-journey"],
        env=environment,
        check=True,
        timeout=600,
    )
    crm_run.measure(data, "Demo run, from exports to published")
    seconds, _, _ = processes.run([crm_run.CRM, "run"], environment)
    print(f"  run again with nothing new: {seconds:.1f} s")
