"""Whether a domain is the customer's: a TXT record that only its owner can put there."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.delivery.mail.address import check_address
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import LATER, REFUSED, SENT, Outcome

RECORD, MARK = "_securebase", "securebase-verification="
SECONDS = 5.0


def check_domain(text: str) -> str:
    """The domain in lower case."""
    try:
        return check_address(f"a@{text}").partition("@")[2]
    except InvalidInput:
        raise InvalidInput(("address", "must be a domain's name like example.com")) from None


def texts_of(name: str) -> list[str]:
    """The TXT records of that name, none where there is no such name; OSError where DNS doesn't answer."""
    from dns import exception, resolver  # only a proof needs it

    try:
        answer = resolver.resolve(name, "TXT", lifetime=SECONDS)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return []
    except exception.DNSException as error:
        raise OSError(type(error).__name__) from error
    return [b"".join(record.strings).decode("ascii", "replace") for record in answer]


class Domains:
    def __init__(self, texts: Callable[[str], list[str]] = texts_of) -> None:
        self._texts = texts

    def send(self, domain: str, token: str) -> Outcome:
        """Nothing is sent: `sent` is that the record is there."""
        try:
            found = self._texts(f"{RECORD}.{domain}")
        except OSError:
            return Outcome(LATER, "dns_unreachable")
        return Outcome(SENT) if f"{MARK}{token}" in found else Outcome(REFUSED, "record_not_found")
