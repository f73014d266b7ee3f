"""Who may come in, how often and how far: what the deployment's one secret gives, keys, customers, limits and sessions; a part of
wiring.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from cachetools import TTLCache, cached

from chalicelib import logs
from chalicelib.domain import signals
from chalicelib.domain.allowance import Allowance
from chalicelib.domain.customer import ApiKey, Customer
from chalicelib.security import api_keys, secrets
from chalicelib.settings import Settings
from chalicelib.stores import tables
from chalicelib.stores.customers import ApiKeys, Customers
from chalicelib.stores.dynamo import Dynamo, available
from chalicelib.stores.links import Links
from chalicelib.stores.sessions import Sessions as PageSessions
from chalicelib.stores.token_buckets import TokenBuckets
from chalicelib.usecases.access.limiting import Limiter

if TYPE_CHECKING:
    from chalicelib.domain.audit import Deed
    from chalicelib.security.sessions import Sessions
    from chalicelib.security.signing import Signer
    from chalicelib.security.tokens import Verifier
    from chalicelib.usecases.access.auditing import Auditing
    from chalicelib.usecases.access.keys import Keyring

REMEMBERED_SECONDS = 30
"""How long a container believes a key or a customer that it has looked up; revocation reaches everywhere within a minute."""
OFTEN_SECONDS, MANY = 900, 10_000
"""How long a container remembers who asked how often, and of how many."""


class Credentials:
    settings: Settings
    clock: Callable[[], datetime]

    def client(self, service: str) -> Any:
        raise NotImplementedError

    def table(self, table: tables.Table) -> str:
        raise NotImplementedError

    @cached_property
    def dynamo(self) -> Dynamo:
        return Dynamo(self.client("dynamodb"))

    @cached_property
    def customers(self) -> Customers:
        return Customers(self.dynamo, self.table(tables.CUSTOMERS))

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(self.dynamo, self.table(tables.API_KEYS))

    @cached_property
    def links(self) -> Links:
        return Links(self.dynamo, self.table(tables.LINKS), self.clock)

    @cached_property
    def page_sessions(self) -> PageSessions:
        return PageSessions(self.dynamo, self.table(tables.SESSIONS), self.clock)

    @cached_property
    def known_key(self) -> Callable[[str], ApiKey | None]:
        return cached(TTLCache(4096, REMEMBERED_SECONDS), lock=threading.Lock())(self.api_keys.get)

    def forget_key(self, key_id: str) -> None:
        """Has this container look a key up anew, which was ended here."""
        known: Any = self.known_key
        with known.cache_lock:
            known.cache.pop(known.cache_key(key_id), None)

    @cached_property
    def note_use(self) -> Callable[[str], None]:
        """Puts when a key was used, once for as long as a container believes what it looked up."""

        def note(key_id: str) -> None:
            self.api_keys.used(key_id, self.clock())

        return cached(TTLCache(4096, 2 * REMEMBERED_SECONDS), lock=threading.Lock())(note)

    @cached_property
    def known_customer(self) -> Callable[[str], Customer | None]:
        return cached(TTLCache(4096, REMEMBERED_SECONDS), lock=threading.Lock())(self.customers.get)

    @cached_property
    def limiter(self) -> Limiter:
        allowances = {name: Allowance(name, count) for name, count in self.settings.a_minute.items()}
        failed = partial(logs.emit, self.settings.stage, signals.LIMITER_FAILED, 1)
        return Limiter(
            TokenBuckets(self.dynamo, self.table(tables.LEDGER)), allowances, self.clock, failed, partial(TTLCache, MANY, OFTEN_SECONDS)
        )

    @cached_property
    def keyring(self) -> Keyring:
        from chalicelib.usecases.access.keys import Keyring

        def new() -> tuple[str, str, str]:
            key, key_id, secret = api_keys.new_key(self.settings.stage)
            return key, key_id, api_keys.digest(secret, self.pepper)

        return Keyring(self.api_keys, new, self.clock)

    @cached_property
    def auditing(self) -> Auditing:
        from chalicelib.stores.audit import Audit
        from chalicelib.usecases.access.auditing import Auditing

        def lost(customer_id: str, deed: Deed, why: str) -> None:
            told = {**vars(deed), "at": deed.at.isoformat(), "customer_id": customer_id, "reason": why}
            logs.LOGGER.error("not in the audit", extra=told)
            logs.emit(self.settings.stage, signals.AUDIT_LOST, 1)

        return Auditing(Audit(self.dynamo, self.table(tables.AUDIT)), lost)

    @cached_property
    def _remembered(self) -> secrets.Remembered:
        def told() -> None:
            logs.LOGGER.warning("the credentials secret can't be read again: the last reading still counts")

        return secrets.Remembered(self._read_masters, time.monotonic, told)

    def _read_masters(self) -> tuple[bytes, ...]:
        name = tables.physical_name(self.settings.stage, tables.CREDENTIALS_SECRET)
        with available():
            return secrets.masters_of(self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

    @property
    def masters(self) -> tuple[bytes, ...]:
        """The secret that all keys are derived from, then those that it replaced."""
        return self._remembered.masters()

    @property
    def master(self) -> bytes:
        return self.masters[0]

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Whoever signs reports, then who did before."""
        from chalicelib.security.signing import Signer  # cryptography is slow to import, and most requests sign nothing

        return tuple(Signer(secrets.derived(master, "report-signing")) for master in self.masters)

    @property
    def pepper(self) -> bytes:
        """What is put to the secret of a new key or link."""
        return secrets.derived(self.master, "api-keys")

    def matches(self, secret: str, digest: str) -> bool:
        """Whether a key's secret is the one that was kept, by today's pepper or a former one."""
        return any(api_keys.matches(secret, digest, secrets.derived(master, "api-keys")) for master in self.masters)

    def form_token(self, secret: str) -> str:
        """What the page's forms of one session carry, so that nobody else's form counts in it."""
        return api_keys.digest(secret, secrets.derived(self.master, "page-forms"))

    def is_form_token(self, secret: str, token: str) -> bool:
        """Whether it is that of the session's secret, by today's master or a former one; in constant time."""
        return token.isascii() and any(api_keys.matches(secret, token, secrets.derived(master, "page-forms")) for master in self.masters)

    @cached_property
    def verifier(self) -> Verifier:
        from chalicelib.security import tokens  # PyJWT and its cryptography cost 160 ms, which callers with an API key needn't pay

        url = self.settings.jwks_url
        keys, algorithms = tokens.from_jwks(url) if url else tokens.hs256(self._token_keys)
        return tokens.Verifier(keys, algorithms, self.settings.jwt_issuer, self.settings.jwt_audience)

    def _token_keys(self) -> list[bytes]:
        return [secrets.derived(master, "tokens") for master in self.masters]

    @cached_property
    def _sessions(self) -> Sessions:
        from chalicelib.narrowing import sessions_of

        return sessions_of(self)  # type: ignore[arg-type]

    def for_customer(self, customer_id: str) -> Any:
        """Services that can reach that customer's data alone, where the deployment has a role for that; else these."""
        if self.settings.customer_role is None:
            return self
        with available():
            return self._sessions.of(customer_id)
