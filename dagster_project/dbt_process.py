"""dbt's commands in processes forked from one that has imported dbt.

The imports take seconds, and a run calls dbt up to three times.
"""

import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import (
    forkserver,
    get_context,
    parent_process,
    resource_tracker,
)
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Self

_SECONDS_TO_STOP = 20
_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["dbt.cli.main", "dbt.task.build", "dbt.adapters.duckdb"]
)


def begin_to_import() -> None:
    """Import dbt beside what this process does; otherwise the first command has to."""
    # Ctrl-C while it imports would print its traceback; the run says enough. The
    # tracker comes first: when it starts, it takes the block away.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    forkserver.ensure_running()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


class DbtProcess:
    """A command of dbt at work; ended when the ``with`` in which it works is left.

    Parameters
    ----------
    args
        What follows ``dbt`` on the command line; paths are absolute.
    folder
        Where the command works; by default where this process does.
    environment
        What the command sees; by default the environment of the moment.

    Attributes
    ----------
    stdout
        What it writes, its errors included; ends when the command does.
    """

    def __init__(
        self,
        args: Sequence[str],
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ):
        begin_to_import()
        reading, writing = os.pipe()
        self.stdout = os.fdopen(reading, "rb")
        with Connection(writing, readable=False) as output:
            self._process = _SERVER.Process(
                target=_run,
                args=(
                    args,
                    output,
                    folder or Path.cwd(),
                    dict(os.environ if environment is None else environment),
                ),
            )
            self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.exitcode is None:
            # As Ctrl-C does: dbt stops its queries and tidies up.
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)
            self._process.join(_SECONDS_TO_STOP)
            self._process.kill()
        self.stdout.close()
        self.wait()

    def wait(self) -> int:
        """Wait until the command has ended, and return what it ended with."""
        self._process.join()
        return self._process.exitcode


def _run(
    args: Sequence[str],
    output: Connection,
    folder: Path,
    environment: Mapping[str, str],
) -> None:
    # What is imported stays: the collector of garbage need not look through it.
    gc.freeze()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_the_run, daemon=True).start()
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import cli

    for stream in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), stream.fileno())
    output.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        cli(args, prog_name="dbt")
    finally:
        # dbt leaves it to the interpreter's end, which a forked process does not reach.
        DuckDBConnectionManager.close_all_connections()


def _end_with_the_run() -> None:
    """Leave no dbt behind that a killed run has started: it would keep the database."""
    parent_process().join()
    os._exit(1)
