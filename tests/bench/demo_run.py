"""The demo from exports to published: each stage's share, and peak memory."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.bench import processes

CRM = Path(sys.executable).with_name("crm")


def measure(data: Path) -> None:
    """Write the demo below ``data``, run it, then run it again with nothing new."""
    environment = {**os.environ, "CRM_DATA": str(data)}
    subprocess.run(
        [CRM, "demo", "complete-journey"], env=environment, check=True, timeout=600
    )
    seconds, peak, output = processes.run([CRM, "run"], environment)
    print("\nDemo run, from exports to published")
    times = output.partition("\nTime\n")[2]
    stages = re.findall(r"^  (\S.*?)  +([\d.]+) s$", times, re.MULTILINE)
    for stage, duration in stages:
        share = float(duration) / seconds
        print(f"  {stage:40} {float(duration):6.1f} s  {share:6.1%}")
    print(f"  {'whole process':40} {seconds:6.1f} s  100.0%")
    print(f"  peak memory of the process tree: {peak / 1e9:.2f} GB")
    seconds, _, _ = processes.run([CRM, "run"], environment)
    print(f"  run again with nothing new: {seconds:.1f} s")
