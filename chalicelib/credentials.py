"""What the deployment's one secret gives: keys, derived once per container; a part of wiring.py."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.security import secrets
from chalicelib.settings import Settings
from chalicelib.stores import tables
from chalicelib.stores.dynamo import available

if TYPE_CHECKING:
    from chalicelib.security.signing import Signer
    from chalicelib.security.tokens import Verifier


class Credentials:
    settings: Settings

    def client(self, service: str) -> Any:
        raise NotImplementedError

    @cached_property
    def masters(self) -> tuple[bytes, ...]:
        """The secret that all keys are derived from, then those that it replaced."""
        name = tables.physical_name(self.settings.stage, tables.CREDENTIALS_SECRET)
        with available():
            return secrets.masters_of(self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

    @property
    def master(self) -> bytes:
        return self.masters[0]

    @cached_property
    def signers(self) -> tuple[Signer, ...]:
        """Whoever signs reports, then who did before."""
        from chalicelib.security.signing import Signer  # cryptography is slow to import, and most requests sign nothing

        return tuple(Signer(secrets.derived(master, "report-signing")) for master in self.masters)

    @cached_property
    def pepper(self) -> bytes:
        return secrets.derived(self.master, "api-keys")

    @cached_property
    def verifier(self) -> Verifier:
        from chalicelib.security import tokens  # PyJWT and its cryptography cost 160 ms, which callers with an API key needn't pay

        url = self.settings.jwks_url
        key_for, algorithms = tokens.from_jwks(url) if url else tokens.hs256(secrets.derived(self.master, "tokens"))
        return tokens.Verifier(key_for, algorithms, self.settings.jwt_issuer, self.settings.jwt_audience)
