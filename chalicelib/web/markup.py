"""HTML and SVG as values. The one place that declares text to be markup: names in it are ours, everything else is escaped."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def tag(name: str, *inner: str, **attributes: object) -> Markup:
    """An element around its inner parts. Of attributes: aria_label stands for aria-label, class_ for class; None leaves one out."""
    return _declared(f"<{name}{_attributes(attributes)}>{joined(inner)}</{name}>")


def shape(name: str, **attributes: object) -> Markup:
    """An element of SVG without anything in it."""
    return _declared(f"<{name}{_attributes(attributes)}/>")


def joined(parts: Iterable[str]) -> Markup:
    return Markup("").join(parts)


def _attributes(attributes: dict[str, object]) -> str:
    told = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    return "".join(f' {key}="{escape(value)}"' for key, value in told)


def _declared(text: str) -> Markup:
    """Markup's own templates would escape all by themselves, but take three times as long for a page of charts."""
    return Markup(text)  # noqa: S704  # nosec B704
