"""What Excel holds against a workbook, as far as its parts tell; openpyxl reads much that Excel would only repair."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from openpyxl.utils import range_boundaries

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
RUN_OR_FETCHED = ("f", "hyperlinks", "oleObjects", "extLst")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")
_NAME = re.compile(r"[^\[\]:*?/\\]{1,31}")


def objections(document: bytes) -> list[str]:
    """Nothing, if all is well."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
        found = ["a part is there twice"] if len(parts) != len(archive.namelist()) else []
    pictures = {name for name in parts if name.startswith("xl/media/") and name.endswith(".png")}
    trees = {name: ElementTree.fromstring(content) for name, content in parts.items() if name not in pictures}
    found += ["more than one picture, which is the logo"] if len(pictures) > 1 else []
    return [*found, *_types(trees), *_links(trees, pictures), *_foreign(trees), *_names(trees), *_tables(trees), *_rows(trees)]


def _types(trees: dict[str, Any]) -> Iterator[str]:
    types = trees["[Content_Types].xml"]
    named = [each.get("PartName").lstrip("/") for each in types.iter(f"{TYPES}Override")]
    endings = [each.get("Extension") for each in types.iter(f"{TYPES}Default")]
    yield from (f"{name} has a type and isn't there" for name in named if name not in trees)
    yield from (f"{name} has no type" for name in trees if name not in named and name.rpartition(".")[2] not in endings)
    if len(set(named)) != len(named) or len(set(endings)) != len(endings):
        yield "a type is told twice"


def _links(trees: dict[str, Any], pictures: set[str]) -> Iterator[str]:
    for name, tree in trees.items():
        if not name.endswith(".rels"):
            continue
        folder = posixpath.dirname(posixpath.dirname(name))
        for link in tree.iter(f"{PACKAGE}Relationship"):
            target = posixpath.normpath(posixpath.join("/", folder, link.get("Target"))).lstrip("/")
            if link.get("TargetMode") == "External" or target not in {*trees, *pictures}:
                yield f"{name} leads to {link.get('Target')}"


def _foreign(trees: dict[str, Any]) -> Iterator[str]:
    """Formulas, errors and whatever else would be run or fetched."""
    for name, tree in trees.items():
        if name.startswith("xl/worksheets/sheet"):
            yield from (f"{name} has <{tag}>" for tag in RUN_OR_FETCHED if tree.find(f".//{MAIN}{tag}") is not None)
            types = {cell.get("t", "n") for cell in tree.iter(f"{MAIN}c")}
            yield from (f"{name} has a cell of type {type}" for type in types - {"n", "inlineStr"})
        if name.startswith(("xl/externalLinks", "xl/media", "xl/embeddings", "customXml")) or "vba" in name:
            yield f"{name} has no place in a report"


def _names(trees: dict[str, Any]) -> Iterator[str]:
    names = [sheet.get("name") for sheet in trees["xl/workbook.xml"].iter(f"{MAIN}sheet")]
    if len({name.casefold() for name in names}) != len(names):
        yield "two sheets have one name"
    for name in names:
        if not _NAME.fullmatch(name) or units(name) > 31 or name.startswith("'") or name.endswith("'") or name.casefold() == "history":
            yield f"no sheet may be called {name!r}"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _tables(trees: dict[str, Any]) -> Iterator[str]:
    tables = {name: tree for name, tree in trees.items() if name.startswith("xl/tables/")}
    for key in ("id", "displayName"):
        if len({tree.get(key).casefold() for tree in tables.values()}) != len(tables):
            yield f"two tables have one {key}"
    linked = [link for name, tree in trees.items() if name.startswith("xl/worksheets/_rels") for link in _table_links(name, tree)]
    if sorted(table for _, table in linked) != sorted(tables):
        yield "a table is on no sheet, or on two"
    for sheet, table in linked:
        yield from _table(table, tables[table], {cell.get("r"): cell for cell in trees[sheet].iter(f"{MAIN}c")})


def _table_links(name: str, tree: Any) -> Iterator[tuple[str, str]]:
    sheet = "xl/worksheets/" + posixpath.basename(name).removesuffix(".rels")
    targets = (link.get("Target").lstrip("/") for link in tree.iter(f"{PACKAGE}Relationship"))
    return ((sheet, target) for target in targets if "/tables/" in target)


def _table(name: str, table: Any, cells: dict[str, Any]) -> Iterator[str]:
    left, top, right, bottom = range_boundaries(table.get("ref"))
    columns = [column.get("name") for column in table.iter(f"{MAIN}tableColumn")]
    if bottom <= top:
        yield f"{name} has no row"
    if len(columns) != right - left + 1 or table.find(f"{MAIN}tableColumns").get("count") != str(len(columns)):
        yield f"{name} is as wide as {len(columns)} columns and isn't"
    if len({column.casefold() for column in columns}) != len(columns) or not all(0 < units(column) <= 300 for column in columns):
        yield f"{name} has a column without a name of its own"
    if table.find(f"{MAIN}autoFilter").get("ref") != table.get("ref"):
        yield f"{name} is filtered elsewhere"
    header = [cell for at, cell in cells.items() if re.fullmatch(f"[A-Z]+{top}", at)]
    if ["".join(cell.itertext()) for cell in header] != columns or {cell.get("t") for cell in header} != {"inlineStr"}:
        yield f"{name} has a header that its sheet hasn't"


def _rows(trees: dict[str, Any]) -> Iterator[str]:
    styles = len(trees["xl/styles.xml"].find(f"{MAIN}cellXfs"))
    for name, tree in trees.items():
        if not name.startswith("xl/worksheets/sheet"):
            continue
        numbers = [int(row.get("r")) for row in tree.iter(f"{MAIN}row")]
        if numbers != sorted(set(numbers)):
            yield f"{name} has its rows in no order"
        for row in tree.iter(f"{MAIN}row"):
            columns = [range_boundaries(cell.get("r"))[:2] for cell in row]
            if columns != sorted(set(columns)) or any(str(at) != row.get("r") for _, at in columns):
                yield f"{name} has cells in no order in row {row.get('r')}"
        for cell in tree.iter(f"{MAIN}c"):
            if int(cell.get("s", "0")) >= styles or units("".join(cell.itertext())) > 32_767:
                yield f"{name} has a style that isn't there or a text that is too long in {cell.get('r')}"
            if cell.get("t") != "inlineStr" and not _NUMBER.fullmatch(cell.findtext(f"{MAIN}v", "")):
                yield f"{name} has no number in {cell.get('r')}"
