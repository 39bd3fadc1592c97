"""The page that `crm catalog` writes: whole, self-contained, usable in a browser."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from dagster_project.catalog.page import write_page
from dagster_project.catalog.published import read_catalog

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))),
    None,
)


class Page(HTMLParser):
    """Ids, links and the resources that a page asks for."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.resources, self.tags = [], [], [], set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name == "href" and tag == "a":
                self.links.append(value)
            elif name in {"src", "href", "srcset", "data", "action"}:
                self.resources.append(value)
            assert not name.startswith("on"), (tag, name)


@pytest.fixture(scope="module")
def html(published, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "catalog.html"
    write_page(published, path)
    assert [file.name for file in path.parent.iterdir()] == ["catalog.html"]
    return path.read_text()


def test_the_command_writes_it_beside_the_database(crm, grocer, html):
    outcome = crm(grocer, "catalog")
    assert outcome.returncode == 0, outcome.stderr
    assert str(grocer / "published" / "catalog.html") in outcome.stdout
    assert (grocer / "published" / "catalog.html").read_text() == html


def test_every_table_and_column_is_on_it_once(published, html):
    catalog = read_catalog(published)
    ids = Page(html).ids
    assert len(ids) == len(set(ids))
    assert set(catalog.tables) | set(catalog.columns) <= set(ids)
    there = published.execute(
        """select schema_name || '.' || table_name || '.' || column_name
        from duckdb_columns() where not internal"""
    ).fetchall()
    assert {name for (name,) in there} <= set(ids)


def test_every_link_leads_somewhere_on_it(html):
    page = Page(html)
    assert len(page.links) > 300
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_it_asks_for_nothing_from_outside(html):
    assert Page(html).resources == []
    assert not re.search(r"@import|url\(|https?://|fetch\(|import\s*\(", html)


def test_lineage_freshness_and_definitions_are_on_it(html):
    section = html.partition('<section id="marts.customer_rfm"')[2]
    section = section.partition("</section>")[0]
    assert "published</span>" in section
    assert "One row per customer who bought up to as_of_date." in section
    for link in ("features.customer_baskets", "seeds.rfm_segments"):
        assert f'href="#{link}"' in section
    assert 'href="#ops.reconciliation"' in section
    assert "exports/complete_journey/transactions_*.csv.gz" in section
    assert re.search(r"last loaded \d{4}-\d\d-\d\d \d\d:\d\d UTC", section)
    assert ">36<" in section
    assert "coalesce(sum(net_amount), 0)" in html.partition("<section")[2]
    inside = html.partition('<section id="conformed.int_products"')[2]
    assert "inside the pipeline" in inside.partition("</section>")[0]


def test_what_is_written_by_people_is_escaped(changed, tmp_path):
    evil = "<img src=x onerror=alert(1)> & \"quoted\" 'text'</script>"
    changed.execute("update ops.catalog_tables set description = ?", [evil])
    changed.execute("update ops.catalog_columns set description = ?", [evil])
    changed.execute("update marts.kpi_definitions set description = ?", [evil])
    write_page(changed, tmp_path / "catalog.html")
    text = (tmp_path / "catalog.html").read_text()
    assert "img" not in Page(text).tags
    assert text.count("&lt;img src=x") > 100


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH to open the page in")
def test_the_search_finds_in_a_browser(html, tmp_path):
    # What a user types, and then the page as the browser has it.
    typed = """<script>
    search.value = "Customer fifths"; search.dispatchEvent(new Event("input"));
    </script>"""
    (tmp_path / "catalog.html").write_text(html + typed)
    outcome = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
            (tmp_path / "catalog.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in outcome.stderr
    shown = re.findall(r'<section id="([\w.]+)" class="table">', outcome.stdout)
    hidden = re.findall(
        r'<section id="([\w.]+)" class="table" hidden="">', outcome.stdout
    )
    assert shown == ["marts.customer_rfm"]
    assert len(hidden) > 25
    assert ">1 found<" in outcome.stdout
