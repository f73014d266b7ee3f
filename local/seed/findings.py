"""A Security Hub finding as it is over time, and a control's switch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from local.seed.controls import Control

HOME_REGION = "us-east-1"
SECURITY_HUB, GUARD_DUTY = ("Security Hub", "aws/securityhub"), ("GuardDuty", "aws/guardduty")
CHECKED_EVERY = timedelta(hours=12)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SeededFinding:
    """One control on one resource. It is there in [`since`, `until`) and FAILED in [`failed_from`, `failed_until`), else `status`."""

    account: str
    region: str
    control: Control
    resource: str
    status: str = "PASSED"
    failed_from: datetime = NEVER
    failed_until: datetime = NEVER
    since: datetime = EVER
    until: datetime = NEVER
    workflow: str = "NEW"
    record_state: str = "ACTIVE"
    product: tuple[str, str] = SECURITY_HUB

    @property
    def id(self) -> str:
        number = crc32(f"{self.product}{self.control.id}{self.resource}{self.region}{self.record_state}".encode())
        return f"arn:aws:securityhub:{self.region}:{self.account}:security-control/{self.control.id}/finding/{number:08x}"

    def state_at(self, now: datetime) -> dict[str, Any] | None:
        """The finding in ASFF, checked within the last twelve hours."""
        if not self.since <= now < self.until:
            return None
        name, product = self.product
        checked = _stamp(self._checked(now))
        failed = self.failed_from <= now < self.failed_until
        return {
            "SchemaVersion": "2018-10-08",
            "Id": self.id,
            "ProductArn": f"arn:aws:securityhub:{self.region}::product/{product}",
            "ProductName": name,
            "CompanyName": "AWS",
            "GeneratorId": f"security-control/{self.control.id}",
            "AwsAccountId": self.account,
            "Region": self.region,
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "CreatedAt": "2025-01-01T00:00:00.000Z",
            "UpdatedAt": checked,
            "LastObservedAt": checked,
            "Severity": self._severity(failed),
            "Title": self.control.title,
            "Description": self.control.title,
            "Remediation": {
                "Recommendation": {
                    "Text": "For information on how to correct this issue, consult the AWS Security Hub controls documentation.",
                    "Url": f"https://docs.aws.amazon.com/console/securityhub/{self.control.id}/remediation",
                }
            },
            "Resources": [{"Type": self.control.resource_type, "Id": self.resource, "Partition": "aws", "Region": self.region}],
            "RecordState": self.record_state,
            "Workflow": {"Status": self.workflow if failed or self.workflow == "SUPPRESSED" else "RESOLVED"},
            "WorkflowState": "NEW",
            "Compliance": self._compliance("FAILED" if failed else self.status),
        }

    def _checked(self, now: datetime) -> datetime:
        """Checks come every twelve hours, each finding's at its own minute."""
        offset = crc32(self.id.encode()) % int(CHECKED_EVERY.total_seconds())
        return now - timedelta(seconds=(int(now.timestamp()) - offset) % int(CHECKED_EVERY.total_seconds()))

    def _severity(self, failed: bool) -> dict[str, str]:
        """Security Hub calls what passes INFORMATIONAL."""
        label = self.control.severity if failed or self.status != "PASSED" else "INFORMATIONAL"
        return {"Label": label, "Original": label}

    def _compliance(self, status: str) -> dict[str, Any]:
        standards = [{"StandardsId": standard} for standard in self.control.standards]
        return {"Status": status, "SecurityControlId": self.control.id, "AssociatedStandards": standards}


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(frozen=True)
class SeededAssociation:
    """Whether a control is on in a standard: until `disabled_from`."""

    control: str
    standard: str
    disabled_from: datetime = NEVER

    def status_at(self, now: datetime) -> str:
        return "DISABLED" if now >= self.disabled_from else "ENABLED"
