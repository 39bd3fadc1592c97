"""Exports of a small wholesaler, in the shape of Online Retail, made here."""

import csv
import gzip
from pathlib import Path

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
# A sale, half of it returned later; a genuine double; a return of nothing that was
# sold; bad debt; stock written off; a gift; lines of nobody; a customer who moves.
LINES = (
    ("500001", "A1", "LANTERN", 10, "2011-01-03 09:00:00", "2.50", "11", "France"),
    ("500001", "B2", "HEART", 1, "2011-01-03 09:00:00", "0.123", "11", "France"),
    ("500001", "B2", "HEART", 1, "2011-01-03 09:00:00", "0.123", "11", "France"),
    ("500002", "A1", "LANTERN", 4, "2011-02-01 10:00:00", "2.50", "", "Spain"),
    ("500003", "A1", "RED LANTERN", 6, "2011-06-01 10:00:00", "2.50", "12", "Spain"),
    ("500004", "C3", "", 5, "2011-06-02 10:00:00", "0", "12", "Italy"),
    ("C500005", "A1", "LANTERN", -5, "2011-06-03 10:00:00", "2.50", "11", "France"),
    ("C500006", "B2", "HEART", -9, "2011-06-03 10:00:00", "0.123", "11", "France"),
    ("A500007", "B", "Adjust bad debt", 1, "2011-06-04 10:00:00", "-50.00", "", ""),
    ("500008", "A1", "damaged", -3, "2011-06-05 10:00:00", "0", "", "Spain"),
    ("500009", "A1", "LANTERN", 1, "2011-06-06 23:30:00", "2.50", "11", "France"),
)


def small_wholesaler(data: Path) -> Path:
    """Write the export below ``data`` and return its file."""
    path = data / "exports" / "online_retail" / "online_retail_2011.csv.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([COLUMNS, *LINES])
    return path
