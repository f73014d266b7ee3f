"""Templates of pages, which escape whatever they are given, and all that they may call."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from chalicelib.domain.report import Block, Change, Chart, KeyFigures, Table, Text
from chalicelib.domain.state import TITLES
from chalicelib.web import charts
from chalicelib.web.markup import tag
from chalicelib.web.shown import cell, value

_DAY = re.compile(r"(?a:(?<![\w-])(\d{4}-\d{2}(?:-\d{2})?)(?![\w-]))")
KINDS: dict[type[Any], str] = {KeyFigures: "figures", Chart: "chart", Table: "table", Text: "text"}


@cache
def _environment() -> Environment:
    folder = Path(__file__).parent / "templates"
    made = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"value": value, "cell": cell, "drawn": charts.drawn, "kind_of": kind_of, "arrow": arrow}
    made.filters |= {"day": day, "last_day": last_day, "moment": moment, "dated": dated, "words": words, "source": source}
    return made


def template(name: str) -> Template:
    return _environment().get_template(name)


def kind_of(block: Block) -> str:
    return KINDS[type(block)]


def arrow(change: Change) -> str:
    return "" if not change.value else "▲" if change.value > 0 else "▼"


def day(text: str | None) -> Markup:
    """An answer's instant as its UTC day."""
    return value(None if text is None else date.fromisoformat(text[:10]), "date")


def last_day(text: str) -> Markup:
    """Of a half-open window's end: the day that it takes in last."""
    return day((datetime.fromisoformat(text) - timedelta(microseconds=1)).isoformat())


def moment(text: str | None) -> Markup:
    """An answer's instant, to the minute."""
    return value(None if text is None else datetime.fromisoformat(text), "time")


def dated(text: str) -> Markup:
    """Text with the days and months in it marked as such."""
    return Markup("").join(tag("time", part, datetime=part) if _DAY.fullmatch(part) else part for part in _DAY.split(text))


def source(name: str) -> str:
    return TITLES.get(name, words(name))


def words(name: str) -> str:
    return name.replace("_", " ").capitalize()
