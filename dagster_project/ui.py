"""`crm ui`: Dagster's page, for whoever works on this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import click

from dagster_project.runs import prepare_dagster, require_input
from dbt_models import CODE_DIR, Deployment, WarehouseError
from ingest.builds import Asked

# This machine's own address: no other machine can reach it.
HOST = "127.0.0.1"
_SECONDS_TO_START = 180
_SECONDS_TO_END = 20


def show_page(deployment: Deployment, port: int, browser: bool) -> None:
    """Serve the page, with the daemon that keeps schedules, until Ctrl-C.

    Raises
    ------
    WarehouseError
        If there is nothing to show, the port cannot be used, or Dagster ends by itself.
    """
    require_input(deployment, Asked())
    _require_free(port)
    prepare_dagster(deployment)
    log = deployment.build / "ui.log"
    address = f"http://{HOST}:{port}"
    with _interruptible(), log.open("w") as stream, _dagster(port, stream) as dagster:
        click.echo("Starting Dagster, half a minute ...")
        try:
            _wait_until_up(dagster, port)
            click.echo(f"Open {address} in a browser of this machine.")
            click.echo("Ctrl-C ends it, and with it a run that was launched there.")
            if browser and _has_screen():
                webbrowser.open(address)
            dagster.wait()
        except KeyboardInterrupt:
            click.echo("\nEnding ...")
            return
    raise WarehouseError(f"Dagster's page has ended by itself; the log says why: {log}")


def _has_screen() -> bool:
    # Without one, `webbrowser` would open a browser of text in this very terminal.
    screens = {"DISPLAY", "WAYLAND_DISPLAY"}
    return sys.platform == "darwin" or not screens.isdisjoint(os.environ)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the page's server does: a port that has just been left is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise WarehouseError(
                f"port {port} cannot be used ({error.strerror}). If `crm ui` is open "
                f"already, go to http://{HOST}:{port}; else choose another port: "
                "`crm ui --port NUMBER`."
            ) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Make Ctrl-C of every request to end, also where the shell has Ctrl-C ignored."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(each, interrupt) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def _dagster(port: int, log: IO[str]) -> Iterator[subprocess.Popen]:
    """Run `dagster dev`; leave nothing of it behind, whatever happens."""
    command = [
        # It advises another tool, which is not installed.
        *(sys.executable, "-W", "ignore", "-m", "dagster", "dev"),
        *("--host", HOST, "--port", str(port), "--log-level", "warning"),
    ]
    dagster = subprocess.Popen(
        command,
        # pyproject.toml there says what to load.
        cwd=CODE_DIR,
        stdout=log,
        stderr=subprocess.STDOUT,
        # A group of its own: Ctrl-C reaches only this process, which ends the others
        # in order, and then whoever is left.
        start_new_session=True,
    )
    try:
        yield dagster
    finally:
        dagster.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            dagster.wait(_SECONDS_TO_END)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(dagster.pid, signal.SIGKILL)
        dagster.wait()


def _wait_until_up(dagster: subprocess.Popen, port: int) -> None:
    until = time.monotonic() + _SECONDS_TO_START
    while dagster.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.2)
