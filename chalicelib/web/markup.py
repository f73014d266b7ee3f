"""HTML and SVG as values: the one place that declares text to be markup, after everything foreign in it was escaped."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def tag(name: str, *inner: str, **attributes: object) -> Markup:
    """An element around its inner parts, of which those that aren't markup are escaped. Attributes: see _attributes."""
    return Markup(f"<{name}{_attributes(attributes)}>{joined(inner)}</{name}>")  # noqa: S704


def shape(name: str, **attributes: object) -> Markup:
    """An element of SVG without anything in it."""
    return Markup(f"<{name}{_attributes(attributes)}/>")  # noqa: S704


def joined(parts: Iterable[str]) -> Markup:
    return Markup("").join(parts)


def _attributes(attributes: dict[str, object]) -> str:
    """aria_label stands for aria-label and class_ for class; None leaves one out. The names are ours, the values are escaped."""
    return "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items() if value is not None)
