"""`crm ui`: Dagster's page, on this machine only, and nothing left when it ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.conftest import CRM

ASSETS = """{ assetsOrError { ... on AssetConnection { nodes {
    key { path } assetMaterializations(limit: 1) { runId }
} } } }"""


@pytest.fixture(scope="module")
def deployment(grocer, tmp_path_factory):
    return shutil.copytree(grocer, tmp_path_factory.mktemp("ui") / "data")


@pytest.fixture(scope="module")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def page(deployment, port, tmp_path_factory):
    """Return the process of `crm ui`, up and called from a folder of no matter."""
    command = subprocess.Popen(
        [CRM, "ui", "--no-browser", "--port", str(port)],
        cwd=tmp_path_factory.mktemp("anywhere"),
        env={**os.environ, "CRM_DATA": str(deployment), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in command.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    assert f"http://127.0.0.1:{port}" in said, said
    yield command
    if command.poll() is None:
        command.terminate()
        command.wait(60)


def family(page):
    return psutil.Process(page.pid).children(recursive=True)


def ask(port, query):
    request = Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def test_it_shows_this_deployment(page, port):
    assets = ask(port, ASSETS)["assetsOrError"]["nodes"]
    runs = {
        ".".join(asset["key"]["path"]): asset["assetMaterializations"]
        for asset in assets
    }
    assert runs["core.fct_transactions"]
    assert runs["published.warehouse"]


def test_no_other_machine_can_reach_it_and_it_calls_none(page, port):
    sockets = [s for each in family(page) for s in each.net_connections("inet")]
    listening = {s.laddr for s in sockets if s.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", port)}
    assert {s.raddr.ip for s in sockets if s.raddr} <= {"127.0.0.1"}


def test_it_tells_its_makers_nothing(page, port):
    with urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
        assert '"telemetryEnabled": false' in answer.read().decode()
    assert ask(port, "{ shouldShowNux }") == {"shouldShowNux": False}


def test_a_port_in_use_is_said(crm, page, deployment, port):
    outcome = crm(deployment, "ui", "--no-browser", "--port", str(port))
    assert outcome.returncode == 1
    assert f"port {port} cannot be used" in outcome.stderr
    assert "crm ui --port" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_nothing_to_show_is_said(crm, tmp_path):
    outcome = crm(tmp_path, "ui", "--no-browser")
    assert outcome.returncode == 1
    assert "crm demo complete-journey" in outcome.stderr


def test_ctrl_c_ends_it_and_leaves_nothing_behind(page, port):
    started = family(page)
    assert len(started) > 2
    page.send_signal(signal.SIGINT)
    rest, _ = page.communicate(timeout=60)
    assert page.returncode == 0, rest
    assert "Traceback" not in rest
    until = time.monotonic() + 5
    while time.monotonic() < until and any(each.is_running() for each in started):
        time.sleep(0.1)
    assert [each for each in started if each.is_running()] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
