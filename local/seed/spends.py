"""What each account spends on what, where and when: the cost side of the three stories."""

from __future__ import annotations

from dataclasses import dataclass

from local.seed.organisation import (
    ACME_DATA,
    ACME_SHOP,
    BOREALIS_CLINIC,
    BOREALIS_RECORDS,
    COBALT,
    DAYS,
    NEW_REGION,
    SERVICE_GONE,
    SPIKE_DAYS,
    SPIKE_FIRST,
    UNALLOCATED,
)

API = "Amazon API Gateway"
CLOUDFRONT = "Amazon CloudFront"
DYNAMODB = "Amazon DynamoDB"
EC2 = "Amazon Elastic Compute Cloud - Compute"
EC2_OTHER = "EC2 - Other"
ELASTICACHE = "Amazon ElastiCache"
ELB = "Amazon Elastic Load Balancing"
KMS = "AWS Key Management Service"
LAMBDA = "AWS Lambda"
RDS = "Amazon Relational Database Service"
S3 = "Amazon Simple Storage Service"


@dataclass(frozen=True)
class Spend:
    """US dollars a day, from `since` to `until` days ago; `growth` over the ninety days; `spike` multiplies three days."""

    account: str
    service: str
    region: str
    daily: float
    growth: float = 0.0
    since: int = DAYS
    until: int = 0
    spike: float = 1.0

    def expected(self, ago: int) -> float:
        """Dollars of the day so many days ago, before any noise; 0 outside its time."""
        if not self.until < ago <= self.since:
            return 0.0
        factor = self.spike if SPIKE_FIRST - SPIKE_DAYS < ago <= SPIKE_FIRST else 1.0
        return self.daily * factor * (1 + self.growth * (DAYS - ago) / DAYS)


SPENDS = (
    Spend(ACME_SHOP, EC2, "us-east-1", 64.0, growth=0.6),
    Spend(ACME_SHOP, EC2, "us-west-2", 21.5, growth=0.3),
    Spend(ACME_SHOP, ELB, "us-east-1", 3.9, growth=0.2),
    Spend(ACME_SHOP, API, "us-east-1", 5.2, growth=0.7),
    Spend(ACME_SHOP, CLOUDFRONT, "global", 11.3, growth=0.5),
    Spend(ACME_SHOP, S3, "us-east-1", 8.4, growth=0.4),
    Spend(ACME_SHOP, RDS, "us-east-1", 27.0, growth=0.1),
    Spend(ACME_DATA, LAMBDA, "us-east-1", 6.1, growth=0.8, spike=14.0),
    Spend(ACME_DATA, DYNAMODB, "us-east-1", 9.7, growth=0.5),
    Spend(ACME_DATA, S3, "us-west-2", 4.6, growth=0.3),
    Spend(BOREALIS_CLINIC, EC2, "eu-central-1", 33.0),
    Spend(BOREALIS_CLINIC, RDS, "eu-central-1", 41.2),
    Spend(BOREALIS_CLINIC, API, "eu-central-1", 2.1),
    Spend(BOREALIS_CLINIC, KMS, "eu-central-1", 1.3),
    Spend(BOREALIS_RECORDS, S3, "eu-central-1", 17.8, growth=0.15),
    Spend(BOREALIS_RECORDS, S3, "eu-west-1", 6.2, growth=0.15),
    Spend(BOREALIS_RECORDS, LAMBDA, "eu-central-1", 3.4),
    Spend(COBALT, EC2, "us-east-1", 48.0),
    Spend(COBALT, EC2, "ap-northeast-1", 19.0, growth=0.5, since=NEW_REGION),
    Spend(COBALT, S3, "ap-northeast-1", 2.4, growth=0.5, since=NEW_REGION),
    Spend(COBALT, EC2_OTHER, "us-east-1", 7.7),
    Spend(COBALT, ELASTICACHE, "us-east-1", 13.6, until=SERVICE_GONE),
    Spend(COBALT, DYNAMODB, "us-east-1", 10.9),
    Spend(COBALT, CLOUDFRONT, "global", 15.2),
    Spend(UNALLOCATED, EC2, "us-east-1", 4.4),
    Spend(UNALLOCATED, S3, "us-east-1", 0.9),
)
