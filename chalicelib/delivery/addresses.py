"""Which addresses that somebody gave us may be called: https on the public internet, judged by the text and by what a name resolves to."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from chalicelib.domain.errors import InvalidInput

PORTS = ("443", "8443")
LONGEST, LONGEST_NAME = 2000, 253
LOCAL = ("localhost", "local", "internal")
_URL = re.compile(r"https://(?P<name>[a-z0-9.-]+|\[[0-9a-f:.]+])(?::(?P<port>[0-9]*))?(?P<path>[/?].*)?", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_FAULTS = (
    (re.compile(r"[^!-~]|\\"), "holds a blank, a control character, a backslash or a letter that isn't ASCII (write xn--... or %xx)"),
    (re.compile("#"), "has a fragment"),
    (re.compile("(?i)^(?!https://)"), "doesn't start with https://"),
    (re.compile("(?i)^https://[^/?]*@"), "holds a user or password"),
)
# Python's is_global differs from version to version and lets some of these pass: protocol assignments, 6to4 (its relays too), Teredo and
# documentation. Tunnels are refused whole, as nobody's webhook lives there and each hides an IPv4 address.
_NEVER = [ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20")]
_UNICAST, _NAT64 = ip_network("2000::/3"), ip_network("64:ff9b::/96")


class Target(NamedTuple):
    """A URL in parts: the name in lower case (an IPv6 literal without brackets) and the path with its query, as they were given."""

    name: str
    port: int
    path: str

    @property
    def host(self) -> str:
        """What the Host header says."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == 443 else f"{name}:{self.port}"


def check_url(text: str) -> str:
    """The URL as it was, or InvalidInput for what its text alone can tell; what a name resolves to is judged when it is called."""
    target = parsed(text)
    if literal(target.name) and not is_public(target.name):
        raise InvalidInput(("url", "is not an address on the public internet"))
    return text


def parsed(text: str) -> Target:
    """The one reading of a URL, so that what was checked is what is called; InvalidInput where it isn't one that we call."""
    match = _URL.fullmatch(text) if len(text) <= LONGEST else None
    problem = _problem(text) or ("" if match else "is not a URL like https://example.com/hook")
    if not match or problem:
        raise InvalidInput(("url", problem))
    name, port, path = match["name"].lower().strip("[]"), match["port"], match["path"] or "/"
    problem = _problem_of_name(name) if port in (None, *PORTS) else f"has another port than {' or '.join(PORTS)}"
    if problem:
        raise InvalidInput(("url", problem))
    return Target(name, int(port or 443), path if path.startswith("/") else f"/{path}")


def _problem(text: str) -> str:
    if len(text) > LONGEST:
        return f"has more than {LONGEST} characters"
    return next((problem for fault, problem in _FAULTS if fault.search(text)), "")


def _problem_of_name(name: str) -> str:
    labels = name.split(".")
    if ":" in name or _NUMBER.fullmatch(labels[-1]):
        # 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to some resolvers; only the one plain notation is read.
        return "" if literal(name) else "holds an address that isn't written as four decimal numbers or as IPv6"
    if len(name) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        return "holds no valid host name"
    if len(labels) < 2 or labels[-1] in LOCAL:
        return "is not a name on the public internet"
    return ""


def literal(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def is_public(text: str) -> bool:
    """Whether an IP address is on the public internet; one that embeds an IPv4 address (mapped, NAT64) is as public as that."""
    address = literal(text)
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return False
        embedded = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None)
        if embedded is None and address not in _UNICAST:
            return False
        address = embedded or address
    if address is None or not address.is_global or address.is_multicast:
        return False
    return not any(address in network for network in _NEVER)
