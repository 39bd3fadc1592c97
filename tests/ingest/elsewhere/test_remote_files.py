"""Files of a web server and of an S3-compatible store, real ones on this machine."""

import gzip
import io
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dbt_models import WarehouseError
from ingest.contracts import Source
from ingest.elsewhere import fetching
from ingest.elsewhere.connections import connections_file
from ingest.elsewhere.fetching import failure, fetch_all
from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import SALES, Shop

ROWS = "id,amount,note\n1,1.00,a\n2,2.00,b\n"
SECRET = "pass/word"


class Store:
    """Where a shop's files lie, and what has been asked of it."""

    def __init__(self, shop: Shop, address: str, export: str):
        self.shop = shop
        self.table = replace(SALES, export=export, connection="store")
        self.connect(address)

    def connect(self, address: str) -> None:
        path = connections_file(self.shop.deployment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"store: {address}\n")
        path.chmod(0o600)

    def land(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Fetch and land, and return the rows of each load."""
        source = Source("shop", "UTC", "EUR", (self.table,), ())
        monkeypatch.setattr(fetching, "active_sources", lambda _: [source])
        fetch_all(self.shop.deployment)
        return [load.rows_loaded for load in self.shop.land(self.table)]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Return the address of a store that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3, shop, monkeypatch):
    """Return the store, and what puts a file into its bucket."""
    import boto3

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{s3}",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    name = f"bucket-{shop.deployment.data.parent.name}".replace("_", "-")
    client.create_bucket(Bucket=name)
    address = f"s3://key:pass%2Fword@{s3}?scheme=http"
    store = Store(shop, address, f"{name}/sales/2*/day*.csv.gz")
    return store, lambda key, body: client.put_object(Bucket=name, Key=key, Body=body)


def test_files_of_a_store_land_once(bucket, monkeypatch):
    store, put = bucket
    put("sales/2026/day_2026-01-01.csv.gz", gzip.compress(ROWS.encode()))
    put("sales/2026/readme.txt", b"not of the table")
    put("sales/archive/day_2026-01-01.csv.gz", b"not of the table either")
    assert store.land(monkeypatch) == [2]
    (file,) = store.shop.loads()[0].files
    assert file.path.startswith("store/bucket-")
    assert file.path.endswith("/sales/2026/day_2026-01-01.csv.gz")
    assert str(file.delivered_on) == "2026-01-01 00:00:00"
    assert store.land(monkeypatch) == []
    put(
        "sales/2026/day_2026-01-02.csv.gz", gzip.compress(b"id,amount,note\n3,3.00,c\n")
    )
    assert store.land(monkeypatch) == [1]


def test_a_wrong_password_is_said_without_it(bucket, monkeypatch, shop):
    store, _ = bucket
    store.connect("s3://key:pass%2Fword@127.0.0.1:9?scheme=http")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(RefusedDeliveryError) as caught:
        store.land(monkeypatch)
    assert "store/bucket" in str(caught.value)
    assert SECRET not in str(caught.value)


class Handler(SimpleHTTPRequestHandler):
    """Serves files with tags; breaks off in the middle if it is told to."""

    asked: list[tuple[str, int]] = []
    breaks_off = False
    has_tags = True
    packs = ""
    sends_to = ""

    def send_head(self):
        if self.sends_to and "sig=" not in self.path:
            self.send_response(302)
            self.send_header("Location", self.sends_to)
            self.end_headers()
            return None
        if "sig=" in self.path:
            self.send_error(403)
            return None
        path = Path(self.translate_path(self.path))
        if not path.exists():
            self.asked.append((self.path, 404))
            self.send_error(404)
            return None
        tag = f'"{path.stat().st_mtime_ns}"'
        if self.headers.get("Authorization") != "Basic YW5uOnBhc3Mvd29yZA==":
            self.send_error(401)
            return None
        if self.headers.get("If-None-Match") == tag:
            self.asked.append((self.path, 304))
            self.send_response(304)
            self.end_headers()
            return None
        self.asked.append((self.path, 200))
        content = path.read_bytes()
        if self.packs == "gzip":
            content = gzip.compress(content)
        # Without a Date, which the other method adds.
        self.send_response_only(200)
        if self.has_tags:
            self.send_header("ETag", tag)
        if self.packs:
            self.send_header("Content-Encoding", self.packs)
        size = len(content) + 100 * self.breaks_off
        self.send_header("Content-Length", str(size))
        self.end_headers()
        return io.BytesIO(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def web(shop, tmp_path) -> Iterator[tuple[Store, Path]]:
    """Return a web server's store, and its folder."""
    folder = tmp_path / "served"
    (folder / "base").mkdir(parents=True)
    Handler.asked, Handler.breaks_off, Handler.has_tags = [], False, True
    Handler.packs = Handler.sends_to = ""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://ann:pass%2Fword@127.0.0.1:{server.server_port}/base"
    yield Store(shop, address, "all sales.csv"), folder / "base" / "all sales.csv"
    server.shutdown()
    server.server_close()


def test_a_file_of_a_web_server_is_fetched_when_it_has_changed(web, monkeypatch):
    store, path = web
    path.write_text(ROWS)
    assert store.land(monkeypatch) == [2]
    assert store.land(monkeypatch) == []
    path.write_text(ROWS + "3,3.00,c\n")
    assert store.land(monkeypatch) == [3]
    assert [status for _, status in Handler.asked] == [200, 304, 200]


def test_a_server_without_tags_and_dates_is_asked_for_the_file_each_time(
    web, monkeypatch
):
    store, path = web
    Handler.has_tags = False
    path.write_text(ROWS)
    assert store.land(monkeypatch) == [2]
    assert store.land(monkeypatch) == []
    path.write_text(ROWS + "3,3.00,c\n")
    assert store.land(monkeypatch) == [3]


@pytest.mark.parametrize("build", ["stays", "is deleted"])
def test_a_file_that_is_there_no_more_is_a_failure(web, monkeypatch, build):
    store, path = web
    path.write_text(ROWS)
    store.land(monkeypatch)
    path.unlink()
    if build == "is deleted":
        shutil.rmtree(store.shop.deployment.build)
    for _ in range(2):
        with pytest.raises(RefusedDeliveryError, match="was there before"):
            store.land(monkeypatch)
    path.write_text(ROWS + "3,3.00,c\n")
    assert store.land(monkeypatch) == [3]


def test_a_query_goes_with_each_request_and_into_no_reason(web, monkeypatch):
    store, path = web
    path.write_text(ROWS)
    file = connections_file(store.shop.deployment)
    query = "token=TOPSECRET%3D&v=2"
    store.connect(file.read_text().strip().removeprefix("store: ") + f"?{query}")
    assert store.land(monkeypatch) == [2]
    assert Handler.asked == [(f"/base/all%20sales.csv?{query}", 200)]
    file.write_text(file.read_text().replace("pass%2Fword", "wrong-one"))
    with pytest.raises(RefusedDeliveryError, match="401") as caught:
        store.land(monkeypatch)
    assert "TOPSECRET" not in str(caught.value)


def test_where_a_server_sends_to_is_said_without_its_query(web, monkeypatch):
    store, _ = web
    Handler.sends_to = "/elsewhere/x.csv?sig=SECRETSIG"
    with pytest.raises(RefusedDeliveryError, match="403.*/elsewhere/x.csv") as caught:
        store.land(monkeypatch)
    assert "SECRETSIG" not in str(caught.value)


def test_what_is_packed_for_the_way_is_unpacked(web, monkeypatch):
    store, path = web
    Handler.packs = "gzip"
    path.write_text(ROWS)
    assert store.land(monkeypatch) == [2]


def test_what_is_packed_in_an_unknown_way_is_refused_in_a_sentence(web, monkeypatch):
    store, path = web
    Handler.packs = "br"
    path.write_text(ROWS)
    with pytest.raises(RefusedDeliveryError, match=r"packs it for the way \(br\)"):
        store.land(monkeypatch)


def test_a_copy_that_was_deleted_is_fetched_again(web, monkeypatch):
    store, path = web
    path.write_text(ROWS)
    store.land(monkeypatch)
    for copy in (store.shop.deployment.build / "fetched").rglob("*sales.csv"):
        copy.unlink()
    assert store.land(monkeypatch) == []
    assert [status for _, status in Handler.asked] == [200, 200]


def test_a_server_that_breaks_off_leaves_what_was_there(web, monkeypatch):
    store, path = web
    path.write_text(ROWS)
    store.land(monkeypatch)
    path.write_text(ROWS + "3,3.00,c\n")
    Handler.breaks_off = True
    with pytest.raises(RefusedDeliveryError, match="could not be fetched"):
        store.land(monkeypatch)
    assert failure(store.shop.deployment, store.table) is not None
    assert len(store.shop.loads()) == 1
    Handler.breaks_off = False
    assert store.land(monkeypatch) == [3]
    assert failure(store.shop.deployment, store.table) is None


def test_who_may_not_read_is_told_without_the_password(web, monkeypatch):
    store, path = web
    path.write_text(ROWS)
    file = connections_file(store.shop.deployment)
    file.write_text(file.read_text().replace("pass%2Fword", "wrong-one"))
    with pytest.raises(RefusedDeliveryError, match="401") as caught:
        store.land(monkeypatch)
    assert "wrong-one" not in str(caught.value)


def test_a_pattern_needs_a_server_that_lists_its_files(web, monkeypatch):
    store, _ = web
    store.table = replace(store.table, export="sales*.csv")
    with pytest.raises(WarehouseError, match="does not list its files"):
        store.land(monkeypatch)


def test_a_file_that_is_not_there_yet_is_no_failure(web, monkeypatch):
    store, _ = web
    assert store.land(monkeypatch) == []
