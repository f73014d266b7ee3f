"""What a mail address may look like here: the plain form that every mail server takes, and nothing that hides a second one."""

from __future__ import annotations

import re

from chalicelib.domain.errors import InvalidInput

LONGEST, LONGEST_LOCAL, LONGEST_DOMAIN = 254, 64, 253
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def check_address(text: str) -> str:
    """The address with its domain in lower case; InvalidInput unless it is name@domain in ASCII, unquoted, within SMTP's lengths."""
    local, at, domain = text.partition("@")
    if len(text) > LONGEST or len(local) > LONGEST_LOCAL or len(domain) > LONGEST_DOMAIN:
        raise InvalidInput(("address", f"a mail address has at most {LONGEST} characters, {LONGEST_LOCAL} of them before the @"))
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise InvalidInput(("address", "isn't a plain mail address like name@example.com"))
    if domain.rpartition(".")[2].isdigit():
        raise InvalidInput(("address", "names a domain, not an IP address"))
    return f"{local}@{domain.lower()}"
