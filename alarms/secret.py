"""The one secret. CloudFormation draws one random value per secret, so the app derives its keys from `master`."""

from __future__ import annotations

from troposphere import Output, Ref, Template
from troposphere import secretsmanager as sm

from alarms.tags import keeping, tags
from chalicelib.stores.tables import CREDENTIALS_SECRET, physical_name

MASTER_KEY = "master"
MASTER_LENGTH = 64  # letters and digits: 381 bits


def add_secret(template: Template, stage: str) -> None:
    """JSON `{"master": ...}`. A change to what is generated draws anew, which ends every token and API key: don't."""
    generated = sm.GenerateSecretString(
        SecretStringTemplate="{}", GenerateStringKey=MASTER_KEY, PasswordLength=MASTER_LENGTH, ExcludePunctuation=True
    )
    secret = template.add_resource(
        sm.Secret(
            "CredentialsSecret",
            Name=physical_name(stage, CREDENTIALS_SECRET),
            Description="From which the JWT key and the API keys' pepper are derived",
            GenerateSecretString=generated,
            Tags=tags(stage, CREDENTIALS_SECRET),
            **keeping(stage),
        )
    )
    template.add_output(Output("CredentialsSecretArn", Value=Ref(secret)))
