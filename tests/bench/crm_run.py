"""One `crm run`: its stages and its peak memory."""

import os
import re
import sys
from pathlib import Path

from tests.bench import processes

CRM = Path(sys.executable).with_name("crm")


def measure(data: Path, title: str) -> dict[str, float]:
    """Run a deployment, print what took how long, and return it by stage."""
    environment = {**os.environ, "CRM_DATA": str(data)}
    whole, peak, output = processes.run([CRM, "run"], environment)
    print(f"\n{title}")
    times = output.partition("\nTime\n")[2]
    found = re.findall(r"^  (\S.*?)  +([\d.]+) s$", times, re.MULTILINE)
    stages = {stage: float(seconds) for stage, seconds in found}
    stages["whole process"] = whole
    for stage, seconds in stages.items():
        print(f"  {stage:40} {seconds:6.1f} s  {seconds / whole:6.1%}")
    print(f"  peak memory of the process tree: {peak / 1e9:.2f} GB")
    return stages
