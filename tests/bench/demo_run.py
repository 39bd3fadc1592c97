"""The demo from exports to published: each stage's share, and peak memory."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

CRM = Path(sys.executable).with_name("crm")


def measure(data: Path) -> None:
    """Write the demo below ``data``, run it, then run it again with nothing new."""
    environment = {**os.environ, "CRM_DATA": str(data)}
    subprocess.run(
        [CRM, "demo", "complete-journey"], env=environment, check=True, timeout=600
    )
    seconds, peak, output = _run([CRM, "run"], environment)
    print("\nDemo run, from exports to published")
    times = output.partition("\nTime\n")[2]
    stages = re.findall(r"^  (\S.*?)  +([\d.]+) s$", times, re.MULTILINE)
    for stage, duration in stages:
        share = float(duration) / seconds
        print(f"  {stage:40} {float(duration):6.1f} s  {share:6.1%}")
    print(f"  {'whole process':40} {seconds:6.1f} s  100.0%")
    print(f"  peak memory of the process tree: {peak / 1e9:.2f} GB")
    seconds, _, _ = _run([CRM, "run"], environment)
    print(f"  run again with nothing new: {seconds:.1f} s")


def _run(command: list, environment: dict) -> tuple[float, int, str]:
    """Return seconds, peak resident bytes of the process tree, and the output."""
    began = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.1)
        output = process.stdout.read()
    if process.returncode != 0:
        raise SystemExit(output)
    return time.monotonic() - began, peak, output


def _resident(pid: int) -> int:
    """Sum the resident memory of a process and all its children."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
