"""The page's own files, for anybody: what lies in web/assets/ and nothing else, kept by browsers until their content changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import web
from chalicelib.domain.errors import NotFound
from chalicelib.routes.answers import tagged
from chalicelib.routes.authentication import registering
from chalicelib.routes.pages.guard import ASSET
from chalicelib.routes.places import prefix_of

assets = Blueprint(__name__)
on = registering(assets, cors=False)
FOLDER = Path(web.__file__).parent / "assets"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8"}
FOREVER, LOOKED_AT = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True)
class Asset:
    content: bytes
    content_type: str
    version: str


@cache
def _all() -> dict[str, Asset]:
    found = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in FOLDER.iterdir() if path.suffix in TYPES}
    return {name: Asset(content, kind, hashlib.sha256(content).hexdigest()[:16]) for name, (content, kind) in found.items()}


@on(ASSET, "GET")
def show(asset: str) -> Response:
    found, request = _all().get(asset), assets.current_request
    if found is None:
        raise NotFound("there is no such file")
    kept = FOREVER if (request.query_params or {}).get("v") == found.version else LOOKED_AT
    return tagged(request, found.content, found.content_type, {"Cache-Control": kept})


def asset(request: Any, name: str) -> str:
    """The address of a file in web/assets/, which changes with its content."""
    return f"{prefix_of(request)}{ASSET.format(asset=name)}?v={_all()[name].version}"
