"""Every blueprint of the API, in the order of its documentation."""

from __future__ import annotations

from chalicelib.routes.analytics import analytics
from chalicelib.routes.audit import audit
from chalicelib.routes.billing import billing
from chalicelib.routes.compliance import compliance
from chalicelib.routes.health import health
from chalicelib.routes.keys import keys
from chalicelib.routes.openapi import openapi
from chalicelib.routes.pages.assets import assets
from chalicelib.routes.pages.key_forms import key_forms
from chalicelib.routes.pages.report_forms import report_forms
from chalicelib.routes.pages.schedule_forms import schedule_forms
from chalicelib.routes.pages.sessions import sessions
from chalicelib.routes.pages.views import views
from chalicelib.routes.recipients import recipients
from chalicelib.routes.report_links import report_links
from chalicelib.routes.reports import reports
from chalicelib.routes.schedules import schedules
from chalicelib.routes.templates import templates

BLUEPRINTS = (
    analytics,
    compliance,
    billing,
    reports,
    report_links,
    templates,
    schedules,
    recipients,
    keys,
    audit,
    health,
    openapi,
    views,
    sessions,
    report_forms,
    schedule_forms,
    key_forms,
    assets,
)
