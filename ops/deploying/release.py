"""What `chalice package` made, turned into a release: named functions, versions behind LIVE, a canary that alarms reverse."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from alarms.tags import tag_values, title
from chalicelib.domain import signals
from ops.deployed import LIVE

CANARY = "Linear10PercentEvery3Minutes"
"""Outlasts the slowest trigger of the rollback alarms: three periods of five minutes."""
VERSIONED = ("CodeUri", "Handler", "Runtime", "Architectures", "Timeout", "MemorySize", "Environment", "Role", "Tracing", "Layers")
PLACED = ("CodeUri", "ContentUri")
API_LOGICAL_ID, PERMISSION, API = "APIHandler", "APIHandlerInvokePermission", "RestAPI"

Template = dict[str, Any]


def logical_id(function: signals.Function) -> str:
    """As Chalice names the function in its template."""
    return API_LOGICAL_ID if function == signals.API else title(function.name)


def released(packaged: Template, stage: str, label: str, places: Mapping[str, str], alarms: Sequence[str], canary: bool = True) -> Template:
    """The template to deploy. `places` has the s3:// address of each local artifact; `alarms` reverse the canary; `label` is told by every
    new version, and is among the functions' variables, so that each release is a version of every function."""
    template = copy.deepcopy(packaged)
    resources = template["Resources"]
    for resource in resources.values():
        for name in PLACED:
            if name in resource["Properties"]:
                resource["Properties"][name] = places[resource["Properties"][name]]
    for function in signals.FUNCTIONS:
        properties = resources[logical_id(function)]["Properties"]
        properties |= {
            "FunctionName": function.deployed(stage),
            "AutoPublishAlias": LIVE,
            "AutoPublishCodeSha256": _versioned(properties, resources),
            "VersionDescription": label,
            "DeploymentPreference": {"Type": CANARY, "Alarms": list(alarms)} if canary else {"Enabled": False},
            "Tags": {**properties.get("Tags", {}), **tag_values(stage, function.name)},
        }
    template["Globals"] = {"Api": {"OpenApiVersion": "2.0"}}  # or SAM makes a second stage, "Stage", without throttles, firewall and alarms
    resources[API]["Properties"]["DefinitionBody"] = _behind_live(resources[API]["Properties"]["DefinitionBody"])
    resources[PERMISSION]["Properties"]["FunctionName"] = {"Ref": f"{API_LOGICAL_ID}Alias{LIVE}"}
    return template


def _versioned(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> str:
    """A digest of what Lambda makes a new version for, and of nothing else: by itself SAM publishes for code, variables and memory alone,
    or for tags and reserved concurrency as well, which Lambda refuses as they are in no version."""
    layers = [resources[layer["Ref"]]["Properties"]["ContentUri"] for layer in properties.get("Layers", []) if "Ref" in layer]
    told = {name: properties.get(name) for name in VERSIONED} | {"layers": layers}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _behind_live(definition: Any) -> Any:
    """Every function that the API names (its handler, authorizers) by its alias: Chalice names the function itself, whose traffic neither
    canary nor rollback would move."""
    text = json.dumps(definition)
    for function in signals.FUNCTIONS:
        name = logical_id(function)
        text = text.replace(f"${{{name}.Arn}}", f"${{{name}Alias{LIVE}}}")
    return json.loads(text)
