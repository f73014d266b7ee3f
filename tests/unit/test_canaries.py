"""The search for secrets finds each kind, and takes nothing else for one: else finding none would say nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.logs import redacted
from chalicelib.security import api_keys, subscriptions, tokens
from tests.canaries import secrets_in, wrong_lines

TOKEN = tokens.mint(b"k" * 32, "securebase", "securebase-local", "acme", datetime.now(UTC), timedelta(hours=1))
SECRETS = {
    "key": api_keys.new_key("local")[0],
    "link": api_keys.new_key("local", api_keys.LINK)[0],
    "session": api_keys.new_key("local", api_keys.SESSION)[0],
    "the secret part alone": api_keys.new_key("local")[2],
    "token": TOKEN,
    "webhook": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "mail": f"/subscriptions/{subscriptions.token(b'k' * 32, 'confirm', 'acme', '0' * 32)}",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_every_kind_is_found_amid_other_text(kind: str) -> None:
    assert list(secrets_in(f'{{"message": "asked with {SECRETS[kind]}, and so on"}}'))
    assert list(secrets_in("a log of words", ["of words"]))


@pytest.mark.parametrize("kind", [kind for kind in SECRETS if kind != "the secret part alone"])
def test_what_the_log_masks_is_not_found_any_more(kind: str) -> None:
    assert list(secrets_in(redacted(f"asked with {SECRETS[kind]}"))) == []


def test_ids_digests_and_long_words_are_no_secrets() -> None:
    harmless = ["0f8fad5bd9cb469fa16570867728950e" * 2, "k3v5q2mzt7hxw4ra", "a" * 52, "arn:aws:ec2:us-east-1:1:instance/i-0a", "x2" * 26]
    assert list(secrets_in(" ".join(harmless))) == []


def test_lines_that_are_no_events_are_found() -> None:
    assert wrong_lines('{"level": "INFO"}\n\n{"a": 1}\n') == []
    assert wrong_lines('{"level": "INFO"}\nTraceback (most recent call last):\n[1]\n') == ["Traceback (most recent call last):", "[1]"]
