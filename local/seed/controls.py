"""Security Hub controls with their real ids, titles and severities, and what they look at."""

from __future__ import annotations

from dataclasses import dataclass

FSBP = "standards/aws-foundational-security-best-practices/v/1.0.0"
CIS = "standards/cis-aws-foundations-benchmark/v/1.4.0"
ACCOUNT, BUCKET, INSTANCE, GROUP, VPC = "AwsAccount", "AwsS3Bucket", "AwsEc2Instance", "AwsEc2SecurityGroup", "AwsEc2Vpc"
VOLUME, TRAIL, FUNCTION, DATABASE, KEY = "AwsEc2Volume", "AwsCloudTrailTrail", "AwsLambdaFunction", "AwsRdsDbInstance", "AwsKmsKey"
TABLE, BALANCER, CACHE = "AwsDynamoDbTable", "AwsElbv2LoadBalancer", "AwsElastiCacheCluster"
BOTH = (FSBP, CIS)
RESOURCES = {
    ACCOUNT: ("AWS::::Account:{account}",),
    BUCKET: ("arn:aws:s3:::{account}-data", "arn:aws:s3:::{account}-logs", "arn:aws:s3:::{account}-public"),
    INSTANCE: ("arn:aws:ec2:{region}:{account}:instance/i-0f{n:015d}", "arn:aws:ec2:{region}:{account}:instance/i-0e{n:015d}"),
    GROUP: ("arn:aws:ec2:{region}:{account}:security-group/sg-0a{n:015d}", "arn:aws:ec2:{region}:{account}:security-group/sg-0b{n:015d}"),
    VPC: ("arn:aws:ec2:{region}:{account}:vpc/vpc-0{n:016d}",),
    VOLUME: ("arn:aws:ec2:{region}:{account}:volume/vol-0a{n:015d}", "arn:aws:ec2:{region}:{account}:volume/vol-0b{n:015d}"),
    TRAIL: ("arn:aws:cloudtrail:{region}:{account}:trail/main",),
    FUNCTION: ("arn:aws:lambda:{region}:{account}:function:intake", "arn:aws:lambda:{region}:{account}:function:sync"),
    DATABASE: ("arn:aws:rds:{region}:{account}:db:main", "arn:aws:rds:{region}:{account}:db:replica"),
    KEY: ("arn:aws:kms:{region}:{account}:key/00000000-0000-4000-8000-{n:012d}",),
    TABLE: ("arn:aws:dynamodb:{region}:{account}:table/sessions",),
    BALANCER: ("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/front/{n:016d}",),
    CACHE: ("arn:aws:elasticache:{region}:{account}:cluster:sessions",),
}
"""The ARNs of the resources of a type that an account has."""


@dataclass(frozen=True)
class Control:
    """A control as it is consolidated over its standards."""

    id: str
    severity: str
    resource_type: str
    standards: tuple[str, ...]
    title: str


CONTROLS = (
    Control("IAM.1", "HIGH", ACCOUNT, BOTH, 'IAM policies should not allow full "*" administrative privileges'),
    Control("IAM.3", "MEDIUM", ACCOUNT, BOTH, "IAM users' access keys should be rotated every 90 days or less"),
    Control("IAM.4", "CRITICAL", ACCOUNT, BOTH, "IAM root user access key should not exist"),
    Control("IAM.5", "MEDIUM", ACCOUNT, BOTH, "MFA should be enabled for all IAM users that have a console password"),
    Control("IAM.6", "CRITICAL", ACCOUNT, BOTH, "Hardware MFA should be enabled for the root user"),
    Control("IAM.7", "MEDIUM", ACCOUNT, (FSBP,), "Password policies for IAM users should have strong configurations"),
    Control("IAM.9", "CRITICAL", ACCOUNT, (CIS,), "MFA should be enabled for the root user"),
    Control("IAM.16", "LOW", ACCOUNT, (CIS,), "Ensure IAM password policy prevents password reuse"),
    Control("CloudTrail.1", "HIGH", ACCOUNT, BOTH, "CloudTrail should be enabled and configured with at least one multi-Region trail"),
    Control("CloudTrail.2", "MEDIUM", TRAIL, BOTH, "CloudTrail should have encryption at-rest enabled"),
    Control("CloudTrail.4", "LOW", TRAIL, BOTH, "CloudTrail log file validation should be enabled"),
    Control("CloudTrail.5", "LOW", TRAIL, BOTH, "CloudTrail trails should be integrated with Amazon CloudWatch Logs"),
    Control("Config.1", "CRITICAL", ACCOUNT, BOTH, "AWS Config should be enabled and use the service-linked role for resource recording"),
    Control("EC2.2", "HIGH", GROUP, BOTH, "VPC default security groups should not allow inbound or outbound traffic"),
    Control("EC2.3", "MEDIUM", VOLUME, (FSBP,), "Attached Amazon EBS volumes should be encrypted at-rest"),
    Control("EC2.6", "MEDIUM", VPC, BOTH, "VPC flow logging should be enabled in all VPCs"),
    Control("EC2.7", "MEDIUM", ACCOUNT, BOTH, "EBS default encryption should be enabled"),
    Control("EC2.8", "HIGH", INSTANCE, (FSBP,), "EC2 instances should use Instance Metadata Service Version 2 (IMDSv2)"),
    Control("EC2.9", "HIGH", INSTANCE, (FSBP,), "Amazon EC2 instances should not have a public IPv4 address"),
    Control("EC2.18", "HIGH", GROUP, (FSBP,), "Security groups should only allow unrestricted incoming traffic for authorized ports"),
    Control("EC2.19", "CRITICAL", GROUP, (FSBP,), "Security groups should not allow unrestricted access to ports with high risk"),
    Control("GuardDuty.1", "HIGH", ACCOUNT, (FSBP,), "GuardDuty should be enabled"),
    Control("KMS.4", "MEDIUM", KEY, (CIS,), "AWS KMS key rotation should be enabled"),
    Control("Lambda.1", "CRITICAL", FUNCTION, (FSBP,), "Lambda function policies should prohibit public access"),
    Control("Lambda.2", "MEDIUM", FUNCTION, (FSBP,), "Lambda functions should use supported runtimes"),
    Control("S3.1", "MEDIUM", ACCOUNT, BOTH, "S3 general purpose buckets should have block public access settings enabled"),
    Control("S3.2", "CRITICAL", BUCKET, (FSBP,), "S3 general purpose buckets should block public read access"),
    Control("S3.3", "CRITICAL", BUCKET, (FSBP,), "S3 general purpose buckets should block public write access"),
    Control("S3.5", "MEDIUM", BUCKET, BOTH, "S3 general purpose buckets should require requests to use SSL"),
    Control("S3.8", "HIGH", BUCKET, BOTH, "S3 general purpose buckets should block public access"),
    Control("S3.9", "MEDIUM", BUCKET, (FSBP,), "S3 general purpose buckets should have server access logging enabled"),
    Control("SSM.1", "MEDIUM", INSTANCE, (FSBP,), "Amazon EC2 instances should be managed by AWS Systems Manager"),
    Control("RDS.2", "CRITICAL", DATABASE, (FSBP,), "RDS DB Instances should prohibit public access"),
    Control("RDS.3", "MEDIUM", DATABASE, BOTH, "RDS DB instances should have encryption at-rest enabled"),
    Control("DynamoDB.2", "MEDIUM", TABLE, (FSBP,), "DynamoDB tables should have point-in-time recovery enabled"),
    Control("ELB.1", "MEDIUM", BALANCER, (FSBP,), "Application Load Balancer should be configured to redirect all HTTP requests to HTTPS"),
    Control("ElastiCache.1", "HIGH", CACHE, (FSBP,), "ElastiCache (Redis OSS) clusters should have automatic backup enabled"),
    Control("Macie.1", "MEDIUM", ACCOUNT, (FSBP,), "Amazon Macie should be enabled"),
)
