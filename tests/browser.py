"""What a browser does for the page: keeps its cookie, sends forms, and tells where they come from."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.stack import Answer, Client

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
COOKIE = "__Host-securebase"


class Browser:
    """With one cookie at most; no redirect followed."""

    def __init__(self, base_url: str, cookie: str = "") -> None:
        self.client, self.cookie = Client(base_url), cookie

    def get(self, path: str = "/", **headers: str) -> Answer:
        return self._sent("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str] | bytes, **headers: str) -> Answer:
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        form = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
        return self._sent("POST", path, body, {**form, **headers})

    def sign_in(self, credential: str) -> Answer:
        return self.post("/session", {"credential": credential})

    @property
    def csrf(self) -> str:
        """Of the page as it is now."""
        return re.findall(r'name="csrf" value="([0-9a-f]{64})"', self.get().text)[0]

    def _sent(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        own = {"Accept": HTML, **({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})}
        named = {name.replace("_", "-"): value for name, value in headers.items() if value}
        answer = self.client.request(method, path, body, {**own, **named})
        for name, morsel in SimpleCookie(answer.headers.get("Set-Cookie", "")).items():
            assert name == COOKIE
            self.cookie = morsel.value
        return answer


def signed_in(base_url: str, credential: str) -> Browser:
    browser = Browser(base_url)
    answer = browser.sign_in(credential)
    assert answer.status == 303, answer.text[:300]
    return browser
