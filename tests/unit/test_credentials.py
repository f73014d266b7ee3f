"""Keys and tokens: only the right ones are somebody's."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.logs import redacted
from chalicelib.security import api_keys
from chalicelib.security.secrets import Remembered, WeakSecret, derived, masters_of
from chalicelib.security.tokens import Verifier, from_jwks, hs256, mint

KEY = derived(b"m" * 48, "tokens")
NOW = datetime.now(UTC)
VERIFIER = Verifier(*hs256(lambda: [KEY]), "securebase", "securebase-local")


def claims(**more: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    full = {"iss": "securebase", "aud": "securebase-local", "sub": "acme", "customer_id": "acme", "iat": now, "exp": now + 3600}
    return {name: value for name, value in {**full, **more}.items() if value is not None}


def token(payload: dict[str, Any], key: Any = KEY, algorithm: str | None = "HS256", **headers: Any) -> str:
    return jwt.encode(payload, key, algorithm=algorithm, headers=headers or None)


def test_a_minted_token_speaks_for_its_customer_with_its_scopes() -> None:
    principal = VERIFIER.principal(mint(KEY, "securebase", "securebase-local", "acme", NOW, timedelta(hours=1), "read"))
    assert principal is not None
    assert (principal.customer_id, principal.scopes) == ("acme", {"read"})


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BAD = {
    "none": token(claims(), None, "none"),
    "another key": token(claims(), b"x" * 32),
    "an empty key": token(claims(), b"\0" * 32),
    "RS256 where HS256 is meant": token(claims(), RSA, "RS256"),
    "HS512": token(claims(), KEY * 2, "HS512"),
    "no exp": token(claims(exp=None)),
    "expired": token(claims(iat=int(NOW.timestamp()) - 7200, exp=int(NOW.timestamp()) - 3600)),
    "ten years": token(claims(exp=int(NOW.timestamp()) + 315_360_000)),
    "no iat": token(claims(iat=None)),
    "iat in the future": token(claims(iat=int(NOW.timestamp()) + 7200, exp=int(NOW.timestamp()) + 9000)),
    "nbf in the future": token(claims(nbf=int(NOW.timestamp()) + 7200)),
    "exp before iat": token(claims(exp=int(NOW.timestamp()) - 1)),
    "foreign issuer": token(claims(iss="somebody")),
    "foreign audience": token(claims(aud="securebase-production")),
    "no audience": token(claims(aud=None)),
    "no customer": token(claims(customer_id=None)),
    "a list as customer": token(claims(customer_id=["acme"])),
    "an empty customer": token(claims(customer_id="")),
    "foreign type": token(claims(), typ="at+jwt"),
    "critical extension": token(claims(), crit=["exp"]),
    "iat as text": token(claims(iat=str(int(NOW.timestamp())))),
    "a list as scope": token(claims(scope=["admin"])),
    "cut": token(claims())[:-5],
    "junk": "a.b.c",
    "nothing": "",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_nobodys(name: str) -> None:
    assert VERIFIER.principal(BAD[name]) is None


def test_a_tokens_principal_is_named_by_its_subject_however_long_and_nothing_else() -> None:
    made = token(claims(sub="s" * 1000))
    principal = VERIFIER.principal(made)
    assert principal is not None
    assert principal.id == "token:" + "s" * 200
    assert made not in repr(principal)


def test_a_scope_that_does_not_exist_grants_nothing() -> None:
    principal = VERIFIER.principal(token(claims(scope="operator root read")))
    assert principal is not None
    assert principal.scopes == {"read"}


def test_a_short_secret_is_refused_at_start() -> None:
    with pytest.raises(WeakSecret):
        masters_of(json.dumps({"master": "short"}))


def test_a_key_is_parsed_back_and_only_its_own_secret_matches() -> None:
    key, key_id, secret = api_keys.new_key("local")
    assert api_keys.parse(key, "local") == (key_id, secret)
    kept = api_keys.digest(secret, b"pepper")
    assert secret not in kept
    assert api_keys.matches(secret, kept, b"pepper")
    assert not api_keys.matches(secret, kept, b"other pepper")
    assert api_keys.parse(key, "production") is None


@given(st.integers(0, 90), st.sampled_from("abcdefghij0123_"))
def test_any_changed_character_is_noticed_without_a_look_up(position: int, character: str) -> None:
    key, _, _ = api_keys.new_key("local")
    position %= len(key)
    changed = key[:position] + character + key[position + 1 :]
    assert changed == key or api_keys.parse(changed, "local") is None


@given(st.text(max_size=120))
def test_any_other_text_is_no_key(text: str) -> None:
    assert api_keys.parse(text, "local") is None


def test_keys_and_tokens_never_stand_in_a_log() -> None:
    (key, _, secret), (link, _, its_secret) = api_keys.new_key("local"), api_keys.new_key("local", api_keys.LINK)
    line = redacted(f'{{"message": "asked with {key}, /downloads/{link} and {token(claims())}"}}')
    assert secret not in line
    assert its_secret not in line
    assert "eyJ" not in line


def test_a_links_token_is_no_key_and_a_key_no_links_token() -> None:
    for kind, other in ((api_keys.KEY, api_keys.LINK), (api_keys.LINK, api_keys.KEY)):
        made, key_id, secret = api_keys.new_key("local", kind)
        assert api_keys.parse(made, "local", kind) == (key_id, secret)
        assert api_keys.parse(made, "local", other) is None


# The secret that all is derived from


class Vault:
    """Secrets Manager, with its outages."""

    def __init__(self) -> None:
        self.held, self.away, self.reads = (b"a" * 48,), False, 0

    def read(self) -> tuple[bytes, ...]:
        self.reads += 1
        if self.away:
            raise StoreUnavailable("away")
        return self.held


def test_a_secret_is_read_anew_after_five_minutes_and_a_rotated_one_counts_then() -> None:
    vault, seconds = Vault(), [0.0]
    remembered = Remembered(vault.read, lambda: seconds[0], lambda: None)
    assert remembered.masters() == remembered.masters() == (b"a" * 48,)
    vault.held = (b"b" * 48, b"a" * 48)
    seconds[0] = 299.9
    assert remembered.masters() == (b"a" * 48,)
    assert vault.reads == 1
    seconds[0] = 300.0
    assert remembered.masters() == (b"b" * 48, b"a" * 48)


def test_an_old_reading_is_served_through_an_outage_but_not_for_ever_and_says_so() -> None:
    vault, seconds, told = Vault(), [0.0], []
    remembered = Remembered(vault.read, lambda: seconds[0], lambda: told.append(seconds[0]))
    remembered.masters()
    vault.away = True
    for seconds[0] in (301.0, 302.0, 310.0, 317.0, 3600.0):
        assert remembered.masters() == (b"a" * 48,)
    assert told == [301.0, 317.0, 3600.0], "and isn't asked again at every request"
    seconds[0] = 3700.0
    with pytest.raises(StoreUnavailable):
        remembered.masters()
    vault.away = False
    assert remembered.masters() == (b"a" * 48,)


@pytest.mark.parametrize(
    "text", ["not json", "[]", "null", '{"master": null}', '{"master": "short"}', json.dumps({"master": "m" * 48, "former": ["short"]})]
)
def test_a_secret_that_was_mistyped_is_no_secret_but_the_last_reading_still_counts(text: str) -> None:
    with pytest.raises(WeakSecret):
        masters_of(text)
    held, seconds, told = [json.dumps({"master": "m" * 48, "former": None})], [0.0], []
    remembered = Remembered(lambda: masters_of(held[0]), lambda: seconds[0], lambda: told.append(1))
    before = remembered.masters()
    held[0], seconds[0] = text, 301.0
    assert remembered.masters() == remembered.masters() == before
    assert told == [1]


def test_without_any_reading_there_is_none_to_serve() -> None:
    vault = Vault()
    vault.away = True
    with pytest.raises(StoreUnavailable):
        Remembered(vault.read, lambda: 0.0, lambda: None).masters()


def test_tokens_of_a_former_master_count_for_as_long_as_it_stands_there() -> None:
    former = derived(b"f" * 48, "tokens")
    made = token(claims(), former)
    assert Verifier(*hs256(lambda: [KEY, former]), "securebase", "securebase-local").principal(made) is not None
    assert VERIFIER.principal(made) is None


# An identity provider's keys


class Provider:
    """A JWKS over HTTP, whose keys may change."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                body = json.dumps({"keys": list(provider.keys.values())}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def publish(self, kid: str, key: Any, algorithm: str) -> None:
        algorithms = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}
        told = algorithms[algorithm].to_jwk(key.public_key(), as_dict=True)
        self.keys[kid] = {**told, "kid": kid, "alg": algorithm, "use": "sig"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


EC = ec.generate_private_key(ec.SECP256R1())


def test_tokens_of_an_identity_provider_are_checked_by_its_keys_and_by_nothing_that_they_bring(provider: Provider) -> None:
    provider.publish("one", RSA, "RS256")
    provider.publish("two", EC, "ES256")
    verifier = Verifier(*from_jwks(provider.url), "securebase", "securebase-local")
    assert verifier.principal(token(claims(), RSA, "RS256", kid="one")) is not None
    assert verifier.principal(token(claims(), EC, "ES256", kid="two")) is not None
    public = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    head, payload = (encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT", "kid": "one"}, claims()))
    confused = f"{head}.{payload}.{encoded(hmac.digest(public, f'{head}.{payload}'.encode(), 'sha256'))}"
    bad = {
        "the public key as a password": confused,
        "HS256": token(claims(), KEY, "HS256", kid="one"),
        "none": token(claims(), None, "none", kid="one"),
        "a stranger's key under a known name": token(claims(), stranger, "RS256", kid="one"),
        "a key of its own": token(claims(), stranger, "RS256", kid="one", jwk=own),
        "a key from elsewhere": token(claims(), stranger, "RS256", kid="evil", jku="http://127.0.0.1:1/", x5u="http://127.0.0.1:1/"),
        "a path for a name": token(claims(), stranger, "RS256", kid="../../../../dev/null"),
        "a query for a name": token(claims(), stranger, "RS256", kid="one' OR '1'='1"),
        "no name": token(claims(), stranger, "RS256"),
        "RS256 under a name of ES256": token(claims(), RSA, "RS256", kid="two"),
    }
    for name, wrong in bad.items():
        assert verifier.principal(wrong) is None, name
    assert provider.asked == 1, "names that nobody knows don't have the provider asked each time"


def test_a_provider_that_is_away_is_asked_twice_a_minute_at_most_and_known_keys_stay_good(provider: Provider) -> None:
    provider.publish("one", RSA, "RS256")
    verifier = Verifier(*from_jwks(provider.url), "securebase", "securebase-local")
    good = token(claims(), RSA, "RS256", kid="one")
    assert verifier.principal(good) is not None
    never = Verifier(*from_jwks("http://127.0.0.1:1/jwks.json"), "securebase", "securebase-local")
    started = time.monotonic()
    for number in range(5):
        with pytest.raises(StoreUnavailable):
            never.principal(token(claims(), RSA, "RS256", kid=f"unknown-{number}"))
    assert time.monotonic() - started < 5
    provider.server.shutdown()
    provider.server.server_close()
    assert verifier.principal(token(claims(), RSA, "RS256", kid="unknown")) is None
    assert verifier.principal(good) is not None


def test_a_subject_cannot_pose_as_two_credentials_nor_break_what_is_written_of_it() -> None:
    principal = VERIFIER.principal(token(claims(sub="acme and key:abc\n")))
    assert principal is not None
    assert principal.id == "token:acme?and?key:abc?"


def test_keys_rotate_with_an_overlap(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.publish("one", RSA, "RS256")
    verifier = Verifier(*from_jwks(provider.url), "securebase", "securebase-local")
    old = token(claims(), RSA, "RS256", kid="one")
    assert verifier.principal(old) is not None
    provider.publish("two", EC, "ES256")
    new = token(claims(), EC, "ES256", kid="two")
    started = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: started + 31)
    assert verifier.principal(new) is not None, "a new name is looked for, half a minute after the last look"
    assert verifier.principal(old) is not None
    del provider.keys["one"]
    monkeypatch.setattr(time, "monotonic", lambda: started + 400)
    assert verifier.principal(new) is not None
    assert verifier.principal(old) is None, "a key that was taken away ends after five minutes"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
