"""Where this API is, as a request reached it: behind API Gateway it lies under its stage or a base path, on the laptop under /."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from chalicelib.wiring import services

_PREFIX = re.compile(r"(?:/[\w$+-][\w$+.-]*)*", re.ASCII)


def route_of(request: Any) -> str:
    """Like /downloads/{token}."""
    return str((request.context or {}).get("resourcePath", ""))


def prefix_of(request: Any) -> str:
    """What stands before every path, '' or like /dev: the request's own path less its route; '' where they don't fit together."""
    path = str((request.context or {}).get("path", "")).rstrip("/").split("/")
    route = route_of(request).rstrip("/").split("/")[1:]
    kept, own = path[: len(path) - len(route)], path[len(path) - len(route) :]
    fits = len(path) > len(route) and all(name == given or name.startswith("{") for name, given in zip(route, own, strict=True))
    prefix = "/".join(kept)
    return prefix if fits and _PREFIX.fullmatch(prefix) else ""


def base_of(request: Any) -> str:
    """Where this API answers: as it is set, else as this request reached it."""
    return services().settings.public_url or f"{_reached(request)}{prefix_of(request)}"


def origins_of(request: Any) -> set[str]:
    """What a browser may call the origin of our own pages."""
    public = urlsplit(services().settings.public_url or "")
    return {_reached(request), *([f"{public.scheme}://{public.netloc}"] if public.netloc else [])}


def _reached(request: Any) -> str:
    host = (request.context or {}).get("domainName")
    return f"https://{host}" if host else f"http://{request.headers.get('host', '')}"
