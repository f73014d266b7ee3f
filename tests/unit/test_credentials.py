"""Keys and tokens: only the right ones are somebody's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.logs import redacted
from chalicelib.security import api_keys
from chalicelib.security.secrets import WeakSecret, derived, masters_of
from chalicelib.security.tokens import Verifier, hs256, mint

KEY = derived(b"m" * 48, "tokens")
NOW = datetime.now(UTC)
VERIFIER = Verifier(*hs256(KEY), "securebase", "securebase-local")


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
    "iat in the future": token(claims(iat=int(NOW.timestamp()) + 600)),
    "nbf in the future": token(claims(nbf=int(NOW.timestamp()) + 600)),
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
