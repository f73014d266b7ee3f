"""Every operation of the API, a row each: what it takes, what it answers, what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.usecases.questions.anomalies import ANOMALY_PARAMETERS
from chalicelib.usecases.questions.compliance import (
    CHANGES_PARAMETERS,
    COMPLIANCE_PARAMETERS,
    CONTROL_PARAMETERS,
    CONTROLS_PARAMETERS,
    EXCEPTION_PARAMETERS,
    RISK_PARAMETERS,
)
from chalicelib.usecases.questions.costs import COST_PARAMETERS, UNIT_PARAMETERS
from chalicelib.usecases.questions.paging import PAGE
from chalicelib.usecases.questions.usage import USAGE_PARAMETERS
from chalicelib.usecases.reports.request import REPORTS_PARAMETERS

READ, REPORT, ADMIN, NOBODY = "read", "report", "admin", ""
REFUSALS = (400, 401, 403)
TROUBLE = (429, 500, 503)
BODY = (413, 415)
BUDGETS, REPORTS, EXCEPTIONS = "/analytics/budgets", "/analytics/reports", "/analytics/compliance/exceptions"
SETTINGS = "/analytics/settings"
TEMPLATES, BRANDING = "/analytics/templates", "/analytics/branding"
A_REPORT, A_BUDGET = f"{REPORTS}/{{report_id}}", f"{BUDGETS}/{{budget_id}}"
SCHEDULES, RECIPIENTS = "/analytics/schedules", "/analytics/recipients"
A_SCHEDULE, A_RECIPIENT = f"{SCHEDULES}/{{schedule_id}}", f"{RECIPIENTS}/{{recipient_id}}"
KEYS, A_KEY = "/analytics/keys", "/analytics/keys/{key_id}"
SUBSCRIPTION = "/subscriptions/{token}"
LINKS, A_TEMPLATE = f"{A_REPORT}/links", f"{TEMPLATES}/{{template_id}}"


@dataclass(frozen=True)
class Operation:
    """`answer` is the schema of the 2xx answer, '' for one without a body; `kept` answers tell by X-Cache where they come from.

    A `page` is HTML, an `asset` a file of its. `problems` are the statuses beside 400, 401, 403, 429, 500 and 503, which every route
    of a customer can answer. A `form` is what the page alone sends; with `cookie` its session opens the route.
    """

    method: str
    path: str
    id: str
    summary: str
    scope: str
    answer: str = ""
    parameters: tuple[str, ...] = ()
    tags: bool = False
    body: str = ""
    status: int = 200
    kept: bool = False
    problems: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    page: bool = False
    asset: bool = False
    form: str = ""
    cookie: bool = False

    @property
    def group(self) -> str:
        return self.path.split("/")[2] if self.path.startswith("/analytics/") else "service"

    @property
    def refusals(self) -> tuple[int, ...]:
        """All statuses that are problems."""
        usual = (*REFUSALS, *TROUBLE) if self.scope else (401, 429, 500)
        return tuple(sorted({*usual, *self.problems, *(BODY if self.body or self.form else ())}))


def _kept(path: str, id: str, summary: str, answer: str, parameters: tuple[str, ...] = (), tags: bool = False, *more: int) -> Operation:
    return Operation("GET", path, id, summary, READ, answer, parameters, tags, kept=True, problems=more)


OPERATIONS = (
    Operation("GET", "/health", "getHealth", "Whether it can answer, and how fresh each source is", NOBODY, "Health"),
    Operation("GET", "/openapi.json", "getDocument", "This document", NOBODY, "Document"),
    _kept("/analytics/usage", "getUsage", "What was used", "Usage", USAGE_PARAMETERS),
    _kept("/analytics/costs", "getCosts", "What was spent", "Costs", COST_PARAMETERS, True),
    _kept("/analytics/costs/unit", "getUnitCosts", "What a call, a GB and an hour cost", "UnitCosts", UNIT_PARAMETERS),
    _kept("/analytics/costs/anomalies", "getAnomalies", "Days that cost more or less than expected", "Anomalies", ANOMALY_PARAMETERS),
    _kept(BUDGETS, "listBudgets", "All budgets with this month's state", "Budgets"),
    Operation(
        "POST", "/analytics/budgets", "createBudget", "Sets a budget", ADMIN, "Budget", body="BudgetRequest", status=201, problems=(409,)
    ),
    _kept(A_BUDGET, "getBudget", "One budget with this month's state", "BudgetNow", (), False, 404),
    Operation("PUT", A_BUDGET, "replaceBudget", "Replaces a budget", ADMIN, "Budget", body="BudgetRequest", problems=(404,)),
    Operation("DELETE", A_BUDGET, "deleteBudget", "Forgets a budget and what it told", ADMIN, status=204, problems=(404,)),
    Operation("GET", SETTINGS, "getSettings", "What the customer has set for itself", READ, "Settings"),
    Operation("PUT", SETTINGS, "putSettings", "Sets it anew", ADMIN, "Settings", body="SettingsRequest"),
    _kept("/analytics/statements", "listStatements", "The closed statements, newest first", "Statements"),
    _kept("/analytics/statements/{month}", "getStatement", "What a month is charged", "Statement", (), False, 404),
    _kept("/analytics/compliance", "getCompliance", "The score and its parts, as of now", "Compliance", COMPLIANCE_PARAMETERS),
    _kept("/analytics/compliance/controls", "listControls", "Controls, worst first", "Controls", CONTROLS_PARAMETERS),
    _kept(
        "/analytics/compliance/controls/{control_id}",
        "getControl",
        "One control with its failing resources",
        "Control",
        CONTROL_PARAMETERS,
        False,
        404,
    ),
    _kept("/analytics/compliance/changes", "getChanges", "What a score's change is made of", "Changes", CHANGES_PARAMETERS),
    _kept("/analytics/compliance/spend-at-risk", "getSpendAtRisk", "Spend where controls of weight fail", "SpendAtRisk", RISK_PARAMETERS),
    Operation(
        "GET",
        EXCEPTIONS,
        "listExceptions",
        "Exceptions and attestations, newest first",
        READ,
        "Exceptions",
        EXCEPTION_PARAMETERS,
    ),
    Operation(
        "POST",
        EXCEPTIONS,
        "createException",
        "Records an exception or an attestation",
        ADMIN,
        "Exception",
        body="ExceptionRequest",
        status=201,
        problems=(409,),
    ),
    Operation(
        "DELETE",
        f"{EXCEPTIONS}/{{exception_id}}",
        "revokeException",
        "Ends it now; it stays on record",
        ADMIN,
        status=204,
        problems=(404,),
    ),
    Operation(
        "POST",
        REPORTS,
        "createReport",
        "Asks for a report",
        REPORT,
        "ReportQueued",
        body="ReportRequest",
        status=202,
        problems=(409, 422, 429),
        headers=("Idempotency-Key", "Prefer"),
    ),
    Operation("GET", REPORTS, "listReports", "Reports, newest first", REPORT, "Reports", REPORTS_PARAMETERS),
    Operation("GET", A_REPORT, "getReport", "One report's state", REPORT, "ReportNow", problems=(404,)),
    Operation("GET", f"{A_REPORT}/download", "downloadReport", "The way to the document", REPORT, status=303, problems=(404, 409)),
    Operation("GET", f"{A_REPORT}/verify", "verifyReport", "Its manifest, held against it", REPORT, "Verified", problems=(404, 409)),
    Operation("DELETE", A_REPORT, "deleteReport", "Deletes a report and its document", REPORT, status=204, problems=(404,)),
    Operation("GET", LINKS, "listLinks", "A report's links and how often they were followed", REPORT, "Links", problems=(404,)),
    Operation(
        "POST",
        LINKS,
        "createLink",
        "A link for people without a credential",
        REPORT,
        "NewLink",
        (),
        False,
        "LinkRequest",
        201,
        False,
        (404, 409),
    ),
    Operation("DELETE", f"{LINKS}/{{link_id}}", "revokeLink", "Ends a link now", REPORT, status=204, problems=(404,)),
    Operation("GET", "/downloads/{token}", "followLink", "The way to the document", NOBODY, status=303, problems=(404, 503)),
    Operation("GET", TEMPLATES, "listTemplates", "Built-in and own templates of reports", REPORT, "Templates"),
    Operation("GET", A_TEMPLATE, "getTemplate", "One template", REPORT, "Template", problems=(404,)),
    Operation("PUT", A_TEMPLATE, "putTemplate", "Saves a template", REPORT, "Template", body="TemplateRequest", problems=(404, 409)),
    Operation("DELETE", A_TEMPLATE, "deleteTemplate", "Forgets a template", REPORT, status=204, problems=(404, 409)),
    Operation(
        "POST",
        f"{TEMPLATES}/preview",
        "previewTemplate",
        "What a template would say now",
        REPORT,
        "ReportDocument",
        body="TemplateRequest",
        problems=(422,),
    ),
    Operation("GET", BRANDING, "getBranding", "How the customer's documents look", REPORT, "Branding"),
    Operation("PUT", BRANDING, "putBranding", "Sets it anew", ADMIN, "Branding", body="BrandingRequest"),
    Operation(
        "POST", SCHEDULES, "createSchedule", "Sets a schedule", REPORT, "Schedule", body="ScheduleRequest", status=201, problems=(409,)
    ),
    Operation("GET", SCHEDULES, "listSchedules", "All schedules, by name", REPORT, "Schedules"),
    Operation("GET", A_SCHEDULE, "getSchedule", "One schedule", REPORT, "Schedule", problems=(404,)),
    Operation("PATCH", A_SCHEDULE, "changeSchedule", "Changes what is given", REPORT, "Schedule", body="SchedulePatch", problems=(404,)),
    Operation("DELETE", A_SCHEDULE, "deleteSchedule", "Ends a schedule", REPORT, status=204, problems=(404,)),
    Operation("GET", f"{A_SCHEDULE}/preview", "previewSchedule", "Its next ten runs", REPORT, "SchedulePreview", problems=(404,)),
    Operation(
        "POST",
        f"{A_SCHEDULE}/run",
        "runSchedule",
        "Runs it now, or a past run once more",
        REPORT,
        "Run",
        body="RunRequest",
        status=202,
        problems=(404,),
        headers=("Idempotency-Key",),
    ),
    Operation("GET", f"{A_SCHEDULE}/runs", "listRuns", "Its runs and receipts", REPORT, "Runs", PAGE, problems=(404,)),
    Operation("GET", RECIPIENTS, "listRecipients", "Where reports and events may go", REPORT, "Recipients"),
    Operation(
        "POST",
        RECIPIENTS,
        "addRecipient",
        "Adds a recipient",
        ADMIN,
        "Recipient",
        body="RecipientRequest",
        status=201,
        problems=(409, 429),
    ),
    Operation("GET", A_RECIPIENT, "getRecipient", "One recipient and its tests", REPORT, "RecipientNow", problems=(404,)),
    Operation(
        "PATCH", A_RECIPIENT, "changeRecipient", "Changes its name or events", ADMIN, "Recipient", body="RecipientPatch", problems=(404,)
    ),
    Operation("DELETE", A_RECIPIENT, "deleteRecipient", "Takes it out of everything", ADMIN, status=204, problems=(404,)),
    Operation("POST", f"{A_RECIPIENT}/test", "testRecipient", "Sends a test", ADMIN, "Delivery", status=202, problems=(404, 409, 429)),
    Operation("POST", f"{A_RECIPIENT}/rotate", "rotateKey", "A new signing key", ADMIN, "Recipient", problems=(404, 409)),
    Operation("GET", KEYS, "listKeys", "The customer's API keys, oldest first", ADMIN, "Keys"),
    Operation("POST", KEYS, "createKey", "Makes a key", ADMIN, "NewKey", body="KeyRequest", status=201, problems=(409,)),
    Operation("GET", A_KEY, "getKey", "One key", ADMIN, "Key", problems=(404,)),
    Operation("DELETE", A_KEY, "revokeKey", "Ends a key, everywhere within a minute", ADMIN, status=204, problems=(404,)),
    Operation(
        "POST",
        f"{A_KEY}/rotate",
        "rotateApiKey",
        "A second key, and the first one's end",
        ADMIN,
        "NewKey",
        body="RotationRequest",
        status=201,
        problems=(404, 409),
    ),
    Operation("GET", "/analytics/audit", "listAudit", "Who did what, newest first", ADMIN, "Audit", PAGE),
    Operation("GET", SUBSCRIPTION, "askSubscription", "The page behind a mail's link", NOBODY, problems=(404, 503), page=True),
    Operation("POST", SUBSCRIPTION, "saySubscription", "Confirms, or unsubscribes", NOBODY, problems=(404, 503), page=True),
)
