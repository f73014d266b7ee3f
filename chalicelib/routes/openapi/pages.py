"""The page's operations, whose answers are HTML and whose bodies are forms, and what these hold."""

from __future__ import annotations

from chalicelib.routes.openapi.operations import NOBODY, Operation
from chalicelib.routes.openapi.shapes import TEXT, Schema, closed, said

PAGES = (
    Operation("GET", "/", "getPage", "The customer's page, or to sign in", NOBODY, problems=(403, 503), page=True, cookie=True),
    Operation("POST", "/session", "signIn", "Signs in on the page", NOBODY, status=303, problems=(400, 403, 503), form="SignInForm"),
    Operation(
        "POST", "/session/end", "signOut", "Signs out", NOBODY, status=303, problems=(400, 403, 503), form="SignOutForm", cookie=True
    ),
    Operation("GET", "/page/{asset}", "getAsset", "A file of the page's", NOBODY, problems=(404,), asset=True),
)
SCHEMAS: dict[str, Schema] = {
    "SignInForm": closed({"credential": said(TEXT, "An API key or a JWT.")}),
    "SignOutForm": closed({"csrf": said(TEXT, "As the page's form has it.")}),
}
