"""The stack of everything that keeps data or watches the app; Chalice deploys the functions and the API beside it."""

from __future__ import annotations

from troposphere import Template

from alarms.alarms import add_alarms
from alarms.buckets import add_buckets
from alarms.dashboard import add_dashboard
from alarms.firewall import add_firewall
from alarms.logs import add_log_groups, add_queries
from alarms.mail import add_mail
from alarms.own_key import encrypt_with_own_key
from alarms.queues import FINDINGS_RULE, add_queues
from alarms.rollback import add_rollback
from alarms.secret import add_secret
from alarms.sessions import add_customer_role
from alarms.subscriptions import add_subscriptions
from alarms.tables import add_tables
from alarms.tags import STAGES
from alarms.topic import add_topic

KEEPING = (add_tables, add_queues, add_buckets, add_topic, add_mail, add_secret, add_log_groups, add_subscriptions)
WATCHING = (add_alarms, add_rollback, add_dashboard, add_queries)
OWN_KEY, FIREWALL, SESSIONS = OPTIONS = ("own-key", "firewall", "customer-sessions")
"""As the commands' flags are called."""


def build(stage: str, own_key: bool = False, firewall: bool = False, sessions: bool = False, watched: bool = True) -> Template:
    """The stage's template, with the options that are asked for; a stage that isn't one of STAGES is a ValueError.

    Not `watched`, it has only what keeps data (and what that needs): what is left once nothing runs any more. Its metadata tell the
    options all the same.
    """
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r} is not one of {', '.join(STAGES)}")
    template = Template(Description=f"SecureBase Analytics, {stage}: what keeps data and watches the app")
    template.set_version("2010-09-09")
    asked = zip(OPTIONS, (own_key, firewall, sessions), strict=True)
    template.set_metadata({"SecureBase": {"Options": [name for name, wanted in asked if wanted]}})
    for add in (*KEEPING, *(WATCHING if watched else ())):
        add(template, stage)
    if not watched:
        template.resources[FINDINGS_RULE].State = "DISABLED"  # nobody would read what it sends
    if own_key:
        encrypt_with_own_key(template, stage)
    if sessions and watched:
        add_customer_role(template, stage)
    if firewall and watched:
        add_firewall(template, stage)
    return template
