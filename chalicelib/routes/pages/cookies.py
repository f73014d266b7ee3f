"""The cookie that holds a session's token; by its prefix a browser takes it over https alone, from this very host, for every path."""

from __future__ import annotations

NAME = "__Host-securebase"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"
CLEARED = f"{NAME}=; {_ATTRIBUTES}; Max-Age=0"


def given(header: str) -> list[str]:
    """Every value that the Cookie header has for ours; http.cookies would lose it behind a malformed one, and hide a second."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [value for name, _, value in pairs if name == NAME]


def holding(token: str, seconds: int) -> str:
    return f"{NAME}={token}; {_ATTRIBUTES}; Max-Age={seconds}"
