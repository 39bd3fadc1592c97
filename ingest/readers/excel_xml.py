"""What stands in the XML of a workbook's sheet, and its reader does not say."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from zipfile import ZipFile

from dbt_models import WarehouseError

_CHUNK = 1 << 20
_ROW_END = re.compile(rb"</(?:\w+:)?row>")
_ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\b[^>]*?\br=[\"'](\d+)[\"']")
# Blanks around a text are none of it, unless it says that they are.
_STRING_TEXT = re.compile(
    rb"<(?:\w+:)?t(?:\s[^>]*\bspace=[\"']preserve[\"'][^>]*>"
    rb"|(?:\s[^>]*)?>(?:\s|&#(?:9|10|13|32|x0*(?:9|[aAdD]|20));)*+)[^<]"
)
_FILLED = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>[^<]|" + _STRING_TEXT.pattern)
_CELL = re.compile(
    rb"<(?:\w+:)?c(?=[\s/>])([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL
)
_PLACE = re.compile(rb"\br=[\"']([A-Z]+)\d+[\"']")
_KIND = re.compile(rb"\bt=[\"'](\w+)[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
# An error, or a formula with nothing behind it: few rows have them, and few sheets.
_SUSPECT = re.compile(
    rb"\bt=[\"']e[\"']"
    rb"|(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^>]*)?/>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v(?:\s[^>]*)?></|</(?:\w+:)?c>)"
)
_SUSPECT_SIGNS = (b't="e"', b"t='e'", b"<f", b":f")
_SHARED = re.compile(
    rb"<(?:\w+:)?c(?=\s)[^>]*?\bt=[\"']s[\"'][^>]*>\s*<(?:\w+:)?v>(\d+)<"
)
_STRING_END = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si\s*/>")

NO_RESULT = "a formula without a result"


def faults(archive: ZipFile, sheet: str) -> dict[int, dict[int, str]]:
    """Return the cells with an error instead of a value, by row and column from 1.

    To who reads only values they are empty. A formula that nobody has computed is one
    of them, but not one whose result is an empty text.
    """
    with archive.open(_sheet_file(archive, sheet)) as xml:
        rest = b""
        while chunk := xml.read(_CHUNK):
            if any(sign in rest + chunk for sign in _SUSPECT_SIGNS):
                break
            rest = chunk[-8:]
        else:
            return {}
    found = ((number, _faults(row)) for number, row in _rows(archive, sheet))
    return {number: broken for number, broken in found if broken}


def _faults(row: bytes) -> dict[int, str]:
    if not _SUSPECT.search(row):
        return {}
    found = {}
    column = 0
    for attributes, content in _CELL.findall(row):
        place, kind = _PLACE.search(attributes), _KIND.search(attributes)
        column = _column(place[1]) if place else column + 1
        value = _VALUE.search(content)
        if kind and kind[1] == b"e":
            found[column] = value[1].decode() if value else "an error"
        elif not kind and not value and _FORMULA.search(content):
            found[column] = NO_RESULT
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def count_filled(archive: ZipFile, sheet: str, skip_rows: int) -> int:
    """Count the rows below the first ones that have something in them."""
    empty = _empty_strings(archive)
    found = 0
    for number, row in _rows(archive, sheet):
        if number > skip_rows:
            if empty:
                row = _SHARED.sub(lambda m: b"" if m[1] in empty else m[0], row)
            found += bool(_FILLED.search(row) or _faults(row))
    return found


def _empty_strings(archive: ZipFile) -> set[bytes]:
    """Return the numbers of the shared strings that are empty."""
    name = next((n for n in archive.namelist() if n.endswith("/sharedStrings.xml")), "")
    if not name:
        return set()
    found = (
        (number, bool(_STRING_TEXT.search(text)))
        for number, text in enumerate(_split(archive, name, _STRING_END))
    )
    return {str(number).encode() for number, is_filled in found if not is_filled}


def _rows(archive: ZipFile, sheet: str) -> Iterator[tuple[int, bytes]]:
    """Yield the rows that are in the sheet's XML, with their numbers."""
    number = 0
    for row in _split(archive, _sheet_file(archive, sheet), _ROW_END):
        stated = _ROW_NUMBER.findall(row)
        number = int(stated[-1]) if stated else number + 1
        yield number, row


def _split(archive: ZipFile, name: str, end: re.Pattern) -> Iterator[bytes]:
    """Yield what stands before each end in a file of the workbook."""
    with archive.open(name) as xml:
        rest = b""
        while chunk := xml.read(_CHUNK):
            *complete, rest = end.split(rest + chunk)
            yield from complete


def _sheet_file(archive: ZipFile, sheet: str) -> str:
    """Return the name of the sheet's part inside the workbook."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except ElementTree.ParseError as error:
        raise WarehouseError(f"the workbook is damaged ({error})") from error
    targets = {link.get("Id"): link.get("Target") for link in links}
    # Strict workbooks have other namespaces.
    for found in book.iterfind(".//{*}sheet"):
        if found.get("name") == sheet:
            link = next(v for k, v in found.attrib.items() if k.endswith("}id"))
            target = targets[link]
            return target.lstrip("/") if target[0] == "/" else f"xl/{target}"
    raise WarehouseError(f"it has no sheet {sheet}")
