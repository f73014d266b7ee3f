"""Findings for the tests of compliance."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.domain.compliance import SECURITY_HUB, Finding

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNT = "111111111111"


def finding(control: str, status: str | None = "FAILED", name: str = "", **more: object) -> Finding:
    """Of a resource of the control's own, of Security Hub's unless said."""
    fields: dict[str, object] = {
        "id": f"{control}/{name}",
        "product": SECURITY_HUB,
        "control_id": control,
        "title": f"title of {control}",
        "severity": "HIGH",
        "status": status,
        "ignored": False,
        "updated_at": NOW,
        "account": ACCOUNT,
        "region": "us-east-1",
        "resources": (f"arn:{control}/{name}",),
        "standards": ("cis",),
        "types": ("AwsS3Bucket",),
    }
    return Finding(**{**fields, **more})
