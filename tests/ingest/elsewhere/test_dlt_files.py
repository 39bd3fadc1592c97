"""A source that dlt reads, from a REST server on this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

import ingest.dlt_sources
from ingest.contracts import Source
from ingest.elsewhere import fetching
from ingest.elsewhere.connections import connections_file
from ingest.elsewhere.fetching import fetch_all
from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import SALES, Shop, columns

pytest.importorskip(
    "dlt", reason="dlt is not installed: pip install 'crm-warehouse[dlt]'"
)
EXAMPLES = Path(__file__).parents[2] / "dlt_sources"
TOKEN = "so-secret"
ORDERS = replace(
    SALES,
    export="orders",
    connection="shop",
    delivery="upsert",
    columns=columns(
        {
            "id": "bigint",
            "amount": "decimal(12, 2)",
            "customer.city": "varchar",
            "lines": "varchar",
            "changed_at": "timestamp",
        }
    ),
    cursor="changed_at",
    overlap=timedelta(days=1),
)


class Api(BaseHTTPRequestHandler):
    """Two orders a page."""

    orders: list[dict] = []
    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.send_error(401)
            return
        query = parse_qs(urlsplit(self.path).query)
        since = query.get("since", [""])[0]
        page = int(query.get("page", ["0"])[0])
        found = [order for order in self.orders if order["changed_at"] >= since]
        answer = {"items": found[2 * page : 2 * page + 2]}
        if found[2 * page + 2 :]:
            host = self.headers["Host"]
            more = f"page={page + 1}&since={quote(since)}"
            answer["next"] = f"http://{host}/orders?{more}"
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def order(id_: int, day: int) -> dict:
    return {
        "id": id_,
        "amount": 12.5,
        "customer": {"city": "Köln"},
        "lines": [{"sku": "a"}],
        "changed_at": f"2026-03-{day:02}T12:00:00",
    }


@pytest.fixture
def api(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Api.orders, Api.asked = [order(n, n) for n in range(1, 6)], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    places = [*ingest.dlt_sources.__path__, str(EXAMPLES)]
    monkeypatch.setattr(ingest.dlt_sources, "__path__", places)
    source = Source("shop", "UTC", "EUR", (ORDERS,), ())
    monkeypatch.setattr(fetching, "active_sources", lambda _: [source])
    address = f"http://127.0.0.1:{server.server_port}/"
    connect(shop, address)
    yield address
    server.shutdown()
    server.server_close()


def connect(shop: Shop, address: str, token: str = TOKEN, name: str = "web_shop"):
    path = connections_file(shop.deployment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"shop: dlt://{name}?address={quote(address, safe='')}&token={token}"
    )
    path.chmod(0o600)


def land(shop: Shop) -> list[int]:
    fetch_all(shop.deployment)
    return [load.rows_loaded for load in shop.land(ORDERS)]


def test_all_pages_land_once_and_then_what_is_new(shop, api):
    assert land(shop) == [5]
    assert shop.rows('id, amount, "customer.city", lines, changed_at', ORDERS)[0] == (
        1,
        Decimal("12.50"),
        "Köln",
        '[{"sku": "a"}]',
        datetime(2026, 3, 1, 12),
    )
    assert shop.loads()[0].files[0].path == "shop/orders.jsonl"
    Api.asked.clear()
    # The day before the newest that is landed is read again, and is nothing new twice.
    assert land(shop) == [2]
    assert "since=2026-03-04T12" in Api.asked[0]
    assert land(shop) == []
    Api.orders.append(order(6, 5))
    assert land(shop) == [3]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "wrong-token"}, "401"),
        ({"name": "web_shops"}, "needs ingest/dlt_sources/web_shops.py"),
        ({"token": "x&tocken=y"}, "takes no 'tocken'"),
    ],
)
def test_what_goes_wrong_is_said_without_the_token(shop, api, changes, words):
    connect(shop, api, **changes)
    with pytest.raises(RefusedDeliveryError) as caught:
        land(shop)
    assert words in str(caught.value)
    assert "wrong-token" not in str(caught.value)
    assert shop.loads() == []


RAISES_AT_ONCE = """
def source(address, token):
    raise RuntimeError("login failed for token " + token)
"""
LACKS_A_SETTING = """
import dlt

@dlt.source
def source(address, token, tenant: str = dlt.secrets.value):
    return []
"""
YIELDS = """
import dlt

@dlt.source
def source(address, token):
    @dlt.resource
    def orders():
        yield {"id": 1, "note": "first"}
        %s
    return orders
"""
BROKEN = {
    "raises": (RAISES_AT_ONCE, "RuntimeError: login failed for token ***"),
    "lacks a setting": (LACKS_A_SETTING, "ConfigFieldMissingException: Missing 1"),
    "no Python": ("def source(:", "its import failed (SyntaxError"),
    "raises when imported": ("1 / 0", "its import failed (ZeroDivisionError"),
    "no source": ("", "source() failed (AttributeError"),
    "a list": ("def source(address, token): return [1]", "not a list"),
    "a row that it cannot read": (
        YIELDS % "int('Ann Smith')",
        "failed behind 1 records (ValueError in MODULE.py, line 9)",
    ),
    "half an emoji": (
        YIELDS % r"yield {'note': 'Ann \ud83d'}",
        "record 2 has a text with half a character",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_module_is_the_failure_of_its_tables_only(
    shop, api, tmp_path, monkeypatch, case
):
    code, said = BROKEN[case]
    # Python keeps what it has imported.
    name = f"broken_{list(BROKEN).index(case)}"
    (tmp_path / f"{name}.py").write_text(code)
    places = [*ingest.dlt_sources.__path__, str(tmp_path)]
    monkeypatch.setattr(ingest.dlt_sources, "__path__", places)
    connect(shop, api, name=name)
    with pytest.raises(RefusedDeliveryError) as caught:
        land(shop)
    message = str(caught.value)
    assert f"ingest/dlt_sources/{name}.py" in message
    assert said.replace("MODULE", name) in message
    assert TOKEN not in message
    assert "Ann" not in message
