"""What moto refuses of what Chalice deploys, mended in this process: an API without a description, in Swagger 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.apigateway.models import APIGatewayBackend
from moto.core.config import default_user_config

_import, _put = APIGatewayBackend.import_rest_api, APIGatewayBackend.put_rest_api


def _imported(backend: Any, api_doc: dict[str, Any], fail_on_warnings: bool) -> Any:
    return _import(backend, {**api_doc, "info": {"description": "", **api_doc["info"]}}, False)


def _replaced(backend: Any, function_id: str, api_doc: dict[str, Any], fail_on_warnings: bool, mode: str = "merge") -> Any:
    document = {name: value for name, value in api_doc.items() if name != "swagger"}
    return _put(backend, function_id, {**document, "openapi": "3.0.0"}, False, mode)


@contextmanager
def chalice_on_moto() -> Iterator[None]:
    """Until it ends, `chalice deploy`, once more and `chalice delete` work on this process's moto; functions are never run."""
    before = default_user_config["lambda"]
    with ExitStack() as mended:
        mended.enter_context(patch.object(APIGatewayBackend, "import_rest_api", _imported))
        mended.enter_context(patch.object(APIGatewayBackend, "put_rest_api", _replaced))
        default_user_config["lambda"] = {"use_docker": False}
        try:
            yield
        finally:
            default_user_config["lambda"] = before
