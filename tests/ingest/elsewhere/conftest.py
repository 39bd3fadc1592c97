"""A till for all tests of what is elsewhere."""

from pathlib import Path

import pytest

from tests.ingest.elsewhere.servers import Sqlite
from tests.ingest.elsewhere.till import Till
from tests.ingest.shop import Shop


@pytest.fixture
def till(shop: Shop, tmp_path: Path) -> Till:
    till = Till(shop, Sqlite(tmp_path / "till.db"))
    till.run(
        "create table sales (id integer, amount decimal(12, 2), note text, "
        "changed_at datetime)"
    )
    return till
