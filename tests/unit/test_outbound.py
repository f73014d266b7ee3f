"""Addresses that customers give us: nothing but the public internet is ever called, whatever the address looks like."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.delivery.addresses import check_url, is_public
from chalicelib.delivery.outbound import Barred, NoAnswer, NotSent, Outbound, attempt
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import SENT, Outcome
from tests.unit.outgoing import FakeOutbound

PRIVATE_4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "169.254.169.254/32",
    "255.255.255.255/32",
)
PRIVATE_6 = (
    "::/128",
    "::1/128",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "fd00:ec2::254/128",
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "52.95.110.1", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808")


def in_a_network(text: str) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    network = IPv6Network(text) if ":" in text else IPv4Network(text)
    return st.integers(int(network[0]), int(network[-1])).map(type(network[0]))


private_4 = st.sampled_from(PRIVATE_4).flatmap(in_a_network)
private_6 = st.sampled_from(PRIVATE_6).flatmap(in_a_network)


@st.composite
def notations(draw: st.DrawFn) -> str:
    """A private IPv4 address as some parser somewhere reads it: of one to four parts, each decimal, octal or hexadecimal."""
    value, parts = int(draw(private_4)), draw(st.integers(1, 4))
    numbers = [value >> shift & 0xFF for shift in (24, 16, 8)][: parts - 1]
    numbers.append(value & (1 << 8 * (5 - parts)) - 1)
    return ".".join(draw(st.sampled_from((str(n), f"0{n:o}", f"0x{n:x}", f"0X{n:X}", f"00{n:o}"))) for n in numbers)


@st.composite
def embedded(draw: st.DrawFn) -> IPv6Address:
    """A private IPv4 address within an IPv6 one: mapped, compatible, translated, NAT64 (both prefixes), 6to4 and Teredo."""
    value = int(draw(private_4))
    plain = ("::ffff:0:0", "::", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::")
    forms = [int(IPv6Address(prefix)) | value for prefix in plain]
    forms += [0x2002 << 112 | value << 80 | 1, 0x20010000 << 96 | value << 64, 0x20010000 << 96 | value ^ 0xFFFFFFFF]
    return IPv6Address(draw(st.sampled_from(forms)))


@given(notations())
def test_a_private_ipv4_address_is_refused_in_any_notation(host: str) -> None:
    for url in (f"https://{host}", f"https://{host}:8443/hook", f"HTTPS://{host}.", f"https://{host}?a=b"):
        with pytest.raises(InvalidInput):
            check_url(url)


@given(st.one_of(private_6, embedded()))
def test_a_private_ipv6_address_is_refused_in_any_notation(address: IPv6Address) -> None:
    for host in (str(address), address.exploded, address.exploded.upper()):
        with pytest.raises(InvalidInput):
            check_url(f"https://[{host}]/hook")


@given(st.one_of(private_4, private_6, embedded()))
def test_a_name_with_one_private_address_is_never_connected_to(address: IPv4Address | IPv6Address) -> None:
    assert not is_public(str(address))
    with pytest.raises(Barred, match="private_address"):
        Outbound(lambda name, port: ["8.8.8.8", str(address)]).post("https://hooks.example.com/", {}, b"{}")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)
    assert check_url(f"https://[{address}]/" if ":" in address else f"https://{address}/")


def test_a_resolvers_answer_that_is_no_plain_address_counts_as_private() -> None:
    assert not any(map(is_public, ("127.1", "8.8.8.8.", "2606:4700::1%eth0", "fe80::1%eth0", "example.com", "")))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://hooks.example.com/a/b?c=d&e=%2F@x",
        "https://HOOKS.Example.COM:443/",
        "https://example.com:8443/hook",
        "https://xn--mnchen-3ya.example/",
        "https://1e100.net/",
        "https://example.com?x=1",
    ],
)
def test_an_ordinary_url_stays_as_it_is(url: str) -> None:
    assert check_url(url) == url


HOSTILE = {
    "plain http": "http://example.com/",
    "another scheme": "ftp://example.com/",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "no scheme": "//example.com/",
    "a user": "https://user@example.com/",
    "a user that looks like the host": "https://example.com:443@169.254.169.254/latest/meta-data/",
    "a password": "https://user:secret@example.com/",
    "port 22": "https://example.com:22/",
    "port 80": "https://example.com:80/",
    "no port behind the colon": "https://example.com:/",
    "a port with zeros": "https://example.com:0443/",
    "loopback": "https://127.0.0.1/",
    "loopback in short": "https://127.1/",
    "loopback in hex": "https://0x7f.1/",
    "loopback in octal": "https://0177.0.0.1/",
    "loopback as a number": "https://2130706433/",
    "loopback as a hex number": "https://0x7f000001/",
    "nothing": "https://0/",
    "the metadata service": "https://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "the metadata service as a number": "https://2852039166/",
    "the metadata service over IPv6": "https://[fd00:ec2::254]/latest/",
    "a container's credentials": "https://169.254.170.2/v2/credentials",
    "ten": "https://10.0.0.1/",
    "shared": "https://100.64.0.1/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 any": "https://[::]/",
    "mapped": "https://[::ffff:127.0.0.1]/",
    "mapped in hex": "https://[::ffff:7f00:1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:7f00:1::]/",
    "link-local with a zone": "https://[fe80::1%25eth0]/",
    "unclosed": "https://[::1/",
    "localhost": "https://localhost/",
    "localhost with a dot": "https://localhost./",
    "LOCALHOST": "https://LOCALHOST:8443/",
    "below localhost": "https://app.localhost/",
    ".local": "https://printer.local/",
    ".internal": "https://metadata.google.internal/",
    ".internal in capitals": "https://IP-10-0-0-1.EC2.INTERNAL/",
    "no dot": "https://intranet/",
    "a blank": "https://example.com/ hook",
    "a leading blank": " https://example.com/",
    "a new line": "https://example.com/\r\nX-Injected: 1",
    "a trailing new line": "https://example.com/\n",
    "a tab in the scheme": "ht\ttps://example.com/",
    "a nul": "https://example.com/\0",
    "a backslash": "https://example.com\\@127.0.0.1/",
    "a fragment": "https://example.com/#@127.0.0.1/",
    "full-width digits": "https://１２７.0.0.1/",
    "an ideographic stop": "https://127。0。0。1/",
    "a name outside ASCII": "https://münchen.example/",
    "a Kelvin sign": "https://\u212aube.example/",
    "an encoded host": "https://%31%32%37.0.0.1/",
    "an empty label": "https://example..com/",
    "a label of 64": f"https://{'a' * 64}.com/",
    "a name of 254": f"https://{'a.' * 125}comm/",
    "nothing but the scheme": "https://",
    "no text": "",
    "too long": "https://example.com/" + "a" * 1981,
}
LYING = {
    "https://rebound.example.com/": ["127.0.0.1"],
    "https://metadata.example.com/": ["169.254.169.254"],
    "https://one-of-many.example.com/": ["8.8.8.8", "2606:4700:4700::1111", "10.1.2.3"],
    "https://six.example.com/": ["::1"],
    "https://mapped.example.com/": ["::ffff:169.254.169.254"],
    "https://nat64.example.com/": ["64:ff9b::a9fe:a9fe"],
    "https://6to4.example.com/": ["2002:a9fe:a9fe::"],
    "https://unique-local.example.com/": ["fd00:ec2::254"],
    "https://link-local.example.com/": ["fe80::1%eth0"],
    "https://any.example.com/": ["0.0.0.0"],
    "https://multicast.example.com/": ["224.0.0.1"],
    "https://nobody.example.com/": [],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_url_is_refused_by_its_text(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_url(HOSTILE[name])
    assert [field for field, _ in refused.value.problems] == ["url"]


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that any socket was told to connect to or to send to; none of them does."""
    seen: list[object] = []

    def connect(self: socket.socket, address: object) -> int:
        seen.append(address)
        raise ConnectionRefusedError

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, connect)
    return seen


def test_no_hostile_url_makes_a_connection(connects: list[object]) -> None:
    outbound = Outbound(lambda name, port: LYING.get(f"https://{name}/", ["127.0.0.1"]))
    assert len(HOSTILE) + len(LYING) > 25
    for url in (*HOSTILE.values(), *LYING):
        with suppress(InvalidInput):
            check_url(url)
        with pytest.raises(NotSent):
            outbound.post(url, {}, b"{}")
    assert connects == []


def test_the_recorder_of_connections_sees_one_to_each_public_address_that_was_checked(connects: list[object]) -> None:
    with pytest.raises(NotSent, match="connection_refused"):
        Outbound(lambda name, port: ["8.8.8.8", "8.8.4.4"]).post("https://example.com:8443/", {}, b"{}")
    assert connects == [("8.8.8.8", 8443), ("8.8.4.4", 8443)]


def test_a_literal_address_is_not_looked_up(connects: list[object]) -> None:
    def never(name: str, port: int) -> list[str]:
        raise AssertionError(name)

    with pytest.raises(NotSent, match="connection_refused"):
        Outbound(never).post("https://8.8.8.8/", {}, b"{}")
    assert connects == [("8.8.8.8", 443)]


def test_a_name_that_does_not_exist_is_not_sent_and_may_be_tried_again() -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(NotSent, match="name_not_found") as failure:
        Outbound(unknown).post("https://example.com/", {}, b"{}")
    assert not isinstance(failure.value, Barred)


def test_a_look_up_that_takes_too_long_is_left_behind() -> None:
    def slow(name: str, port: int) -> list[str]:
        time.sleep(0.5)
        return ["8.8.8.8"]

    began = time.monotonic()
    with pytest.raises(NotSent, match="name_timeout"):
        Outbound(slow, limit=0.1).post("https://example.com/", {}, b"{}")
    assert time.monotonic() - began < 0.4


@pytest.mark.parametrize(
    "failure, outcome",
    [
        (Barred("private_address"), Outcome("refused", "private_address")),
        (NotSent("tls_failed"), Outcome("later", "tls_failed")),
        (NoAnswer(), Outcome("lost", "no_answer")),
    ],
)
def test_a_failure_says_whether_the_request_may_have_been_taken(failure: Exception, outcome: Outcome) -> None:
    assert attempt(FakeOutbound(failure), "https://example.com/", {}, b"{}", lambda status: Outcome(SENT)) == outcome
