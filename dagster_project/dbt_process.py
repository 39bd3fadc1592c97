"""dbt's commands in processes forked from one that has imported dbt.

The imports take seconds, and a run calls dbt up to three times.
"""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb"])


def begin_to_import() -> None:
    """Import dbt beside what this process does; otherwise the first command has to."""
    forkserver.ensure_running()


class DbtProcess:
    """A command of dbt at work; as much of ``subprocess.Popen`` as dagster-dbt needs.

    Parameters
    ----------
    args
        What follows ``dbt`` on the command line; paths are absolute. The command sees
        the environment of the moment.

    Attributes
    ----------
    stdout
        What it writes, its errors included; ends when the command does.
    """

    def __init__(self, args: Sequence[str]):
        self.args = ["dbt", *args]
        reading, writing = os.pipe()
        self.stdout = os.fdopen(reading, "rb")
        with Connection(writing, readable=False) as output:
            self._process = _SERVER.Process(
                target=_run, args=(args, output, dict(os.environ))
            )
            self._process.start()

    @property
    def returncode(self) -> int | None:
        """What the command ended with, None before it has."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until the command has ended, at most ``timeout`` seconds."""
        self._process.join(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, with which dbt stops its queries."""
        os.kill(self._process.pid, number)


def _run(
    args: Sequence[str], output: Connection, environment: Mapping[str, str]
) -> None:
    # What is imported stays: the collector of garbage need not look through it.
    gc.freeze()
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import cli

    for stream in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), stream.fileno())
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    try:
        cli(args, prog_name="dbt")
    finally:
        # dbt leaves it to the interpreter's end, which a forked process does not reach.
        DuckDBConnectionManager.close_all_connections()
