"""Sessions: begun with a credential, found again by the cookie's token as long as all that they rest on is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.customer import Principal
from chalicelib.domain.errors import Unauthorized
from chalicelib.domain.session import Session
from chalicelib.routes.authentication import is_served
from chalicelib.security import api_keys
from chalicelib.wiring import Services

LONGEST = timedelta(minutes=60)


@dataclass(frozen=True)
class Visit:
    """A session with its secret, which the tokens of its forms are made of."""

    session: Session
    secret: str


def begin(principal: Principal, with_: Services) -> tuple[str, Session]:
    """(the cookie's token, the session), kept. It ends with the credential; Unauthorized for one that has no time left, and for the
    operator's, which is no customer's."""
    now = with_.clock()
    ends = min(now + LONGEST, principal.expires_at or now + LONGEST)
    if principal.customer_id is None or ends <= now:
        raise Unauthorized
    token, session_id, secret = api_keys.new_key(with_.settings.stage, api_keys.SESSION)
    digest, scopes = api_keys.digest(secret, with_.pepper), tuple(sorted(principal.scopes))
    session = Session(session_id, principal.customer_id, digest, scopes, principal.id, now, ends)
    with_.page_sessions.put(session)
    return token, session


def find(token: str, with_: Services) -> Visit | None:
    """None for whatever isn't a live session: ended, of a key that was revoked, of a customer that isn't served any more."""
    parsed = api_keys.parse(token, with_.settings.stage, api_keys.SESSION)
    session = with_.page_sessions.find(parsed[0]) if parsed else None
    if parsed is None or session is None or not with_.matches(parsed[1], session.digest):
        return None
    good = session.live(with_.clock()) and _key_lives(session, with_) and is_served(session.customer_id, with_)
    return Visit(session, parsed[1]) if good else None


def _key_lives(session: Session, with_: Services) -> bool:
    if session.key_id is None:
        return True
    key = with_.known_key(session.key_id)
    return key is not None and key.live(with_.clock())
