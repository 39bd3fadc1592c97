"""A command's seconds and its peak memory, children included."""

import subprocess
import time

import psutil


def run(command: list, environment: dict) -> tuple[float, int, str]:
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
