"""What AWS asks for: US dollars in us-east-1, first tier, without free tiers, as listed in 2025."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.prices import PRICES
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER

AS_OF, REGION = "2025", "us-east-1"
MILLION, THOUSAND = Decimal(1_000_000), Decimal(1_000)

LAMBDA_GB_SECOND = Decimal("0.0000166667")
LAMBDA_REQUEST = Decimal("0.20") / MILLION
API_REQUEST = Decimal("3.50") / MILLION
DYNAMODB_WRITE_UNIT = Decimal("0.625") / MILLION
DYNAMODB_READ_UNIT = Decimal("0.125") / MILLION
DYNAMODB_GB_MONTH = Decimal("0.25")
DYNAMODB_RECOVERY_GB_MONTH = Decimal("0.20")
S3_GB_MONTH = Decimal("0.023")
S3_PUT = Decimal("0.005") / THOUSAND
S3_GET = Decimal("0.0004") / THOUSAND
SQS_REQUEST = Decimal("0.40") / MILLION
CLOUDWATCH_METRIC_ASKED = PRICES[CLOUDWATCH]
CLOUDWATCH_REQUEST = Decimal("0.01") / THOUSAND
CLOUDWATCH_METRIC_MONTH = Decimal("0.30")
CLOUDWATCH_ALARM_METRIC_MONTH = Decimal("0.10")
CLOUDWATCH_COMPOSITE_ALARM_MONTH = Decimal("0.50")
CLOUDWATCH_DASHBOARD_MONTH = Decimal("3.00")
LOGS_GB = Decimal("0.50")
LOGS_GB_MONTH = Decimal("0.03")
COST_EXPLORER_PAGE = PRICES[COST_EXPLORER]
KMS_KEY_MONTH = Decimal("1.00")
KMS_REQUEST = Decimal("0.03") / (10 * THOUSAND)
SECRET_MONTH = Decimal("0.40")
SECRET_REQUEST = Decimal("0.05") / (10 * THOUSAND)
TRANSFER_OUT_GB = Decimal("0.09")
SES_MAIL = Decimal("0.10") / THOUSAND
