"""Headers of every answer: a browser that is shown one runs nothing of it, guesses no type, tells nobody where it was."""

from __future__ import annotations

HTML = "text/html; charset=utf-8"
SAFE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""An answer's own take their places: a GET's Cache-Control, a page's policy."""
PAGE = {
    "Content-Type": HTML,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
}


def of_page(nonce: str) -> dict[str, str]:
    """The customer's page: its own files alone, and styles with this answer's nonce. Without any referrer a browser would call the origin
    of its forms `null`."""
    return {
        "Content-Type": HTML,
        "Content-Security-Policy": f"default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
