"""The stack of everything that keeps data or watches the app; Chalice deploys the functions and the API beside it."""

from __future__ import annotations

from troposphere import Template

from alarms.alarms import add_alarms
from alarms.buckets import add_buckets
from alarms.dashboard import add_dashboard
from alarms.firewall import add_firewall
from alarms.mail import add_mail
from alarms.own_key import encrypt_with_own_key
from alarms.queues import add_queues
from alarms.secret import add_secret
from alarms.sessions import add_customer_role
from alarms.tables import add_tables
from alarms.tags import STAGES
from alarms.topic import add_topic

PARTS = (add_tables, add_queues, add_buckets, add_topic, add_mail, add_secret, add_alarms, add_dashboard)


def build(stage: str, own_key: bool = False, firewall: bool = False, sessions: bool = False) -> Template:
    """The stage's template, with the options that are asked for; a stage that isn't one of STAGES is a ValueError."""
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r} is not one of {', '.join(STAGES)}")
    template = Template(Description=f"SecureBase Analytics, {stage}: what keeps data and watches the app")
    template.set_version("2010-09-09")
    for add in PARTS:
        add(template, stage)
    if own_key:
        encrypt_with_own_key(template, stage)
    if sessions:
        add_customer_role(template, stage)
    if firewall:
        add_firewall(template, stage)
    return template
