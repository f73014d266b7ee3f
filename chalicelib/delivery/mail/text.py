"""Text and addresses from outside, made harmless before they come near a mail's text, HTML or headers."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

from chalicelib.domain.figures import TURNS

LONGEST_TEXT = 4000
LONGEST_SUBJECT = 200
_KILOBYTE, _MEGABYTE = 1000, 1_000_000
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?")
_LOCAL_HOSTS = ("127.0.0.1", "localhost")


def for_header(text: str) -> str:
    """Blanks for whatever could end a header, and no encoded word: the standard library would decode it, line ends and all."""
    flat = " ".join(TURNS.sub(" ", _CONTROLS.sub(" ", text)).split()).replace("=?", "= ?")
    return flat[:LONGEST_SUBJECT].strip()


def linkable(url: str) -> str:
    """The address if a mail may link to it, else ''. Only https, or this very machine in the clear; nobody's name before an @."""
    if not _URL.fullmatch(url):
        return ""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ""
    return url if host and (parts.scheme == "https" or host in _LOCAL_HOSTS) else ""


def size_of(size_bytes: int) -> str:
    """As people say it: 812 B, 97 KB, 1.2 MB; a MB is a million bytes."""
    if size_bytes < _KILOBYTE:
        return f"{size_bytes} B"
    if size_bytes < _MEGABYTE - _KILOBYTE // 2:
        return f"{Decimal(size_bytes) / _KILOBYTE:.0f} KB"
    return f"{Decimal(size_bytes) / _MEGABYTE:,.1f} MB"
