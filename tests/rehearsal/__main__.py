"""python -m tests.rehearsal: a stage's whole life on MiniStack, by the commands that an operator has; a line and its seconds each step.

Deployed, deployed again without a change, customers let in, aggregated by schedule, asked with both credentials, a report by queue, an
alarm, a new release, rolled back, destroyed with its data kept, gone.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

from chalicelib.domain import signals
from chalicelib.security import secrets, tokens
from chalicelib.stores import tables
from local.seed import cost_records
from tests.backends import INSTALLED, NOT_INSTALLED
from tests.rehearsal.scene import STAGE, Scene, until
from tests.stack import Client
from tests.visitor import Browser

NEW_VERSION, FIXED_VERSION = "0.0.0+rehearsed", "0.0.0+mended"
MOST_ROLLBACK_SECONDS = 60
PATIENCE = 120
LEFT_OUT = (
    "table .*",  # expiry, recovery, encryption
    "bucket .*, lifecycle",
    "function .*-(worker|engine)",  # reserved concurrency
    "topic .*",  # its encryption
    "alarms",  # composite ones
)
"""What the doctor rightly misses: MiniStack's CloudFormation doesn't carry it out."""


class Rehearsal:
    """Each step leaves behind what the next ones need."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.customer, self.other = scene.organisation.customers[:2]
        self.started = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[list[str]]:
        """What is put into the list is told with the step."""
        begun, seen = time.monotonic(), list[str]()
        yield seen
        print(f"ok  {time.monotonic() - begun:6.1f} s  {what}{': ' if seen else ''}{'; '.join(seen)}", flush=True)

    def play(self) -> None:
        self.deploy()
        self.deploy_again()
        self.look_over()
        self.let_customers_in()
        self.aggregate_by_schedule()
        self.ask_with_both_credentials()
        self.look_at_the_page()
        self.report_by_queue()
        self.alarm()
        self.release_and_roll_back()
        self.destroy()
        self.gone()
        print(f"rehearsed in {time.monotonic() - self.started:.0f} s")

    def deploy(self) -> None:
        with self.step("deployed: package, CloudFormation, LIVE, smoke tests") as seen:
            told = self.scene.run("ops.deploy")
            self.summary = summary_of(told)
            self.url = self.summary["url"]
            seen.append(re.findall(r"\d+ checks: .*", told)[0])

    def deploy_again(self) -> None:
        with self.step("deployed again") as seen:
            told = self.scene.run("ops.deploy")
            assert told.count("nothing to change") == 2, told
            assert summary_of(told)["versions"] == self.summary["versions"]
            seen.append("both stacks: nothing to change")

    def look_over(self) -> None:
        with self.step("looked over by the doctor") as seen:
            checks = json.loads(self.scene.run("ops.doctor", "--json", ends=1))["checks"]
            wrong = {check["name"] for check in checks if check["state"] == "fail"}
            theirs = {name for name in wrong if any(re.fullmatch(left_out, name) for left_out in LEFT_OUT)}
            assert wrong == theirs, wrong - theirs
            seen.append(f"{len(checks)} checks, of which {len(wrong)} fail, all for what MiniStack's CloudFormation leaves out")

    def let_customers_in(self) -> None:
        with self.step("two customers added, each with a key"):
            self.keys = {}
            for customer in (self.customer, self.other):
                given = [part for account in customer.account_ids for part in ("--account", account)]
                template = self.scene.run("ops.customers", "add", "--id", customer.id, "--name", customer.name, *given)
                external_id = re.findall(rf"{customer.id}-[0-9a-f]{{16}}", template)[0]
                self.scene.trust(customer, external_id)
                made = self.scene.run("ops.keys", "create", "--customer", customer.id, "--json")
                self.keys[customer.id] = json.loads(made)["api_key"]

    def aggregate_by_schedule(self) -> None:
        """The hourly rule is told to fire every minute for once, so that nobody has to wait for five past."""
        with self.step("aggregated: schedule, function, queue, worker, table") as seen:
            events = self.scene.client("events")
            aggregator = signals.AGGREGATOR.deployed(STAGE)
            rules = events.list_rules()["Rules"]
            rule = next(one["Name"] for one in rules if any(aggregator in each["Arn"] for each in self._targets(one["Name"])))
            before = self._planned(aggregator)
            events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)", State="ENABLED")
            until(lambda: self._planned(aggregator) > before, PATIENCE, "the schedule")
            events.put_rule(Name=rule, ScheduleExpression="cron(5 * * * ? *)", State="ENABLED")
            until(lambda: self._known("/analytics/usage?period=7d", "api_calls"), PATIENCE, "usage")
            seen.append("usage is known")

    def _targets(self, rule: str) -> list[dict[str, Any]]:
        return list(self.scene.client("events").list_targets_by_rule(Rule=rule)["Targets"])

    def _planned(self, function: str) -> int:
        """How often it has told that it planned an hour."""
        pages = self.scene.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
        return sum('"planned"' in event["message"] for page in pages for event in page["events"])

    def _metric(self, namespace: str, name: str, **dimensions: str) -> float:
        now = self._now()
        told = self.scene.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in told["Datapoints"]))

    def _known(self, path: str, metric: str) -> Any:
        return self.asking(self.customer.id).answer(path)["metrics"][metric]

    def asking(self, customer_id: str) -> Client:
        return Client(self.url, {"X-API-Key": self.keys[customer_id]})

    def ask_with_both_credentials(self) -> None:
        with self.step("asked with a key and a token") as seen:
            by_token = Client(self.url, {"Authorization": f"Bearer {self._token()}"})
            total = until(self._whole_month, PATIENCE, "costs")
            last = f"start={self.month[0]}&end={self.month[1]}"
            assert by_token.answer(f"/analytics/costs?{last}")["total"] == total
            assert by_token.answer("/analytics/compliance")["customer_id"] == self.customer.id
            assert Decimal(total) == self._seeded(), f"{total} isn't what was seeded: {self._seeded()}"
            foreign = by_token.get("/analytics/costs", customer_id=self.other.id)
            assert foreign.status == 403
            seen += [f"{self.month[0]} to {self.month[1]} cost {total} USD, as seeded", "another customer's id: 403"]

    def _whole_month(self) -> Any:
        day = self.scene.organisation.today
        first = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
        self.month = (first.isoformat(), day.replace(day=1).isoformat())
        found = self.asking(self.customer.id).answer(f"/analytics/costs?start={self.month[0]}&end={self.month[1]}")
        return found["total"] if found["reconciliation"]["difference"] == 0 else None

    def _seeded(self) -> Decimal:
        first, end = self.month
        return sum(
            (
                record.amounts["NetUnblendedCost"]
                for record in cost_records(self.scene.organisation)
                if record.account in self.customer.account_ids and first <= record.day.isoformat() < end
            ),
            Decimal(0),
        )

    def _token(self) -> str:
        found = self.scene.client("secretsmanager").get_secret_value(SecretId=tables.physical_name(STAGE, tables.CREDENTIALS_SECRET))
        key = secrets.derived(json.loads(found["SecretString"])["master"].encode(), "tokens")
        return tokens.mint(key, "securebase", f"securebase-{STAGE}", self.customer.id, self._now(), timedelta(hours=1), "read report")

    def _now(self) -> datetime:
        return datetime.now(UTC)

    def look_at_the_page(self) -> None:
        """Behind the stage's path, under which every address of it has to lie: MiniStack says it as AWS does, and answers elsewhere."""
        with self.step("the page, signed in") as seen:
            browser, under = Browser(self.url), f"/{STAGE}/"
            signed_in = browser.sign_in(self.keys[self.customer.id])
            assert (signed_in.status, signed_in.headers["Location"]) == (303, under), f"{signed_in.status} {signed_in.headers}"
            answer = browser.get()
            page = answer.text
            assert self.customer.id in page, f"{answer.status} {re.sub('<[^>]*>', ' ', page)[:400]}"
            addresses = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', page))
            elsewhere = {address for address in addresses if not address.startswith(under)}
            assert addresses, "a page has addresses"
            assert not elsewhere, f"{elsewhere} aren't under {under}"
            files = [unescape(address).removeprefix(f"/{STAGE}") for address in addresses if "/page/" in address]
            answers = {file: Client(self.url).get(file).status for file in files}
            assert set(answers.values()) == {200}, answers
            seen.append(f"{len(addresses)} addresses under {under}, {len(files)} files of it")

    def report_by_queue(self) -> None:
        with self.step("a report by queue") as seen:
            client = self.asking(self.customer.id)
            asked = client.post("/analytics/reports", {"type": "executive", "format": "pdf", "period": "30d"})
            path = f"/analytics/reports/{asked.json['id']}"
            made = until(lambda: self._made(client.answer(path)), PATIENCE, "the report")
            document = client.download(made["id"])
            assert len(document) == made["size_bytes"]
            assert document.startswith(b"%PDF-")
            seen.append(f"{made['filename']}, {len(document)} bytes")

    def _made(self, report: Any) -> Any:
        assert report["status"] != "failed", report
        return report if report["status"] == "ready" else None

    def alarm(self) -> None:
        """Four reports that can't be made: no export gives the tag."""
        with self.step("an alarm goes off and tells the topic") as seen:
            sqs, sns = self.scene.client("sqs"), self.scene.client("sns")
            told = sqs.create_queue(QueueName="told")["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            topic = next(one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith("-analytics-alerts"))
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
            name = tables.physical_name(STAGE, "analytics-failed-reports")
            assert self._state(name) != "ALARM"
            body = {"type": "costs", "format": "csv", "period": "30d", "breakdown": "tag:nobody"}
            for _ in range(4):
                assert self.asking(self.customer.id).post("/analytics/reports", body).status == 202
            until(lambda: self._state(name) == "ALARM", PATIENCE, f"{name} in ALARM")
            heard = until(lambda: sqs.receive_message(QueueUrl=told, WaitTimeSeconds=1).get("Messages"), PATIENCE, "the topic")
            assert name in heard[0]["Body"]
            seen.append(f"{name} ALARM after {self._metric(signals.NAMESPACE, signals.REPORTS_FAILED, Stage=STAGE):.0f} failed reports")

    def _state(self, alarm: str) -> str:
        return str(self.scene.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"])

    def release_and_roll_back(self) -> None:
        before = self._version()
        with self.step("a new release") as seen:
            self.scene.commit("chalicelib/version.py", f'"{before}"', f'"{NEW_VERSION}"')
            self.scene.run("ops.deploy")
            assert self._version() == NEW_VERSION
            seen.append(f"/health tells {NEW_VERSION}")
        with self.step("rolled back") as seen:
            told = self.scene.run("ops.rollback")
            assert self._version() == before
            seconds = float(re.findall(r"after ([\d.]+) s", told)[0])
            assert seconds < MOST_ROLLBACK_SECONDS
            (live,) = [line for line in self.scene.run("ops.rollback", "--list").splitlines() if line.endswith("live")]
            assert live.startswith("1\t")
            seen.append(f"all functions in {seconds} s; /health tells {before}")
        with self.step("a fix after the rollback") as seen:
            self.scene.commit("chalicelib/version.py", f'"{NEW_VERSION}"', f'"{FIXED_VERSION}"')
            told = self.scene.run("ops.deploy")
            assert "without a canary" in told
            assert self._version() == FIXED_VERSION
            assert "nothing to change" in self.scene.run("ops.deploy", "--all-at-once")
            states = [line.split("\t")[-1] for line in self.scene.run("ops.rollback", "--list").splitlines()]
            assert states == ["live", "rolled back", ""]
            seen.append(f"without a canary; /health tells {FIXED_VERSION}")

    def _version(self) -> str:
        return str(Client(self.url).answer("/health")["version"])

    def destroy(self) -> None:
        with self.step("destroyed, its data kept") as seen:
            kept = self._items()
            self.scene.run("ops.destroy", "--yes")
            functions = self.scene.client("lambda").list_functions()["Functions"]
            assert not [one["FunctionName"] for one in functions if one["FunctionName"].startswith(f"{signals.APP}-{STAGE}")]
            assert not self.scene.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{signals.APP}-{STAGE}")["MetricAlarms"]
            assert self._items() == kept
            seen.append(f"{sum(kept.values())} items in {len(kept)} tables as before")
        with self.step("deployed once more over the kept data"):
            self.url = summary_of(self.scene.run("ops.deploy"))["url"]  # an API that is made anew has another address
            assert self._items().keys() == kept.keys()
            templates = self.scene.run("ops.rollback", "--infrastructure", "--list").split()
            assert len(templates) == 1, "what a stage without alarms had is nothing to go back to"
            assert self.asking(self.customer.id).answer(f"/analytics/costs?start={self.month[0]}&end={self.month[1]}")["total"]

    def _items(self) -> dict[str, int]:
        dynamodb = self.scene.client("dynamodb")
        names = [tables.physical_name(STAGE, table.name) for table in (tables.METRICS, tables.REPORTS, tables.CUSTOMERS, tables.AUDIT)]
        return {name: dynamodb.scan(TableName=name, Select="COUNT")["Count"] for name in names}

    def gone(self) -> None:
        """By hand, as docs/operations.md says: the only way to lose data on purpose."""
        with self.step("gone"):
            self.scene.run("ops.destroy", "--yes")
            cloudformation = self.scene.client("cloudformation")
            s3 = self.scene.client("s3")
            for bucket in s3.list_buckets()["Buckets"]:
                for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
                    for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                        s3.delete_object(Bucket=bucket["Name"], Key=one["Key"], VersionId=one["VersionId"])
            cloudformation.delete_stack(StackName=tables.physical_name(STAGE, "analytics"))
            until(lambda: not self.scene.client("dynamodb").list_tables()["TableNames"], PATIENCE, "the tables to be gone")


def summary_of(told: str) -> dict[str, Any]:
    """The JSON at the end of what `ops.deploy` says."""
    found: dict[str, Any] = json.loads(told[told.index("{") :])
    return found


def main() -> None:
    if not INSTALLED.exists():
        sys.exit(NOT_INSTALLED)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        scene = Scene(Path(folder))
        try:
            Rehearsal(scene).play()
        except AssertionError as error:
            sys.exit(f"FAILED: {error}")
        finally:
            scene.close()


if __name__ == "__main__":
    main()
