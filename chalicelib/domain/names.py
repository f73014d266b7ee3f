"""One table of service names: FOCUS's ServiceName is canonical, and what Cost Explorer, CloudWatch and ASFF say maps to it.

Sources: FOCUS 1.0 AWS exports (ServiceName, ServiceCategory), Cost Explorer's SERVICE dimension, CloudWatch namespaces. What is not
listed passes as it is, in category `Other` (FOCUS's own word).
"""

from __future__ import annotations

NONE = "(none)"
OTHERS = "(others)"
AWS = "AWS"
OTHER = "Other"

_EC2 = "Amazon Elastic Compute Cloud"
_CANONICAL = {
    "AWS/EC2": _EC2,
    "AWS/NATGateway": _EC2,
    "AWS/ApiGateway": "Amazon API Gateway",
    "AWS/ApplicationELB": "Elastic Load Balancing",
    "AWS/Lambda": "AWS Lambda",
    "AWS/S3": "Amazon Simple Storage Service",
    "AWS/CloudFront": "Amazon CloudFront",
    "Amazon Elastic Compute Cloud - Compute": _EC2,
    "EC2 - Other": _EC2,
    "Amazon Elastic Load Balancing": "Elastic Load Balancing",
    "Amazon Elastic Container Service for Kubernetes": "Amazon Elastic Kubernetes Service",
    "Amazon OpenSearch Service (successor to Amazon Elasticsearch Service)": "Amazon OpenSearch Service",
    "CloudWatch Events": "Amazon EventBridge",
}
_S3, _RDS, _VPC, _ELB = (
    "Amazon Simple Storage Service",
    "Amazon Relational Database Service",
    "Amazon Virtual Private Cloud",
    "Elastic Load Balancing",
)
_OF_RESOURCE = {
    "AwsApiGateway": "Amazon API Gateway",
    "AwsCloudFront": "Amazon CloudFront",
    "AwsCloudTrail": "AWS CloudTrail",
    "AwsCloudWatch": "AmazonCloudWatch",
    "AwsCodeBuild": "AWS CodeBuild",
    "AwsDynamoDb": "Amazon DynamoDB",
    "AwsEc2": _EC2,
    "AwsEc2ClientVpn": _VPC,
    "AwsEc2NetworkAcl": _VPC,
    "AwsEc2RouteTable": _VPC,
    "AwsEc2Subnet": _VPC,
    "AwsEc2TransitGateway": "AWS Transit Gateway",
    "AwsEc2Vpc": _VPC,
    "AwsEc2Vpn": _VPC,
    "AwsEcs": "Amazon Elastic Container Service",
    "AwsEfs": "Amazon Elastic File System",
    "AwsEks": "Amazon Elastic Kubernetes Service",
    "AwsElastiCache": "Amazon ElastiCache",
    "AwsElb": _ELB,
    "AwsGuardDuty": "Amazon GuardDuty",
    "AwsKms": "AWS Key Management Service",
    "AwsLambda": "AWS Lambda",
    "AwsLogs": "AmazonCloudWatch",
    "AwsOpenSearchService": "Amazon OpenSearch Service",
    "AwsRds": _RDS,
    "AwsRedshift": "Amazon Redshift",
    "AwsS3": _S3,
    "AwsSecretsManager": "AWS Secrets Manager",
    "AwsSns": "Amazon Simple Notification Service",
    "AwsSqs": "Amazon Simple Queue Service",
    "AwsStepFunction": "AWS Step Functions",
    "AwsWaf": "AWS WAF",
}
"""Beginnings of ASFF's resource types; the longest that fits counts."""
_OF_FAMILY = {
    "apigateway": "Amazon API Gateway",
    "awslambda": "AWS Lambda",
    "cloudfront": "Amazon CloudFront",
    "cloudtrail": "AWS CloudTrail",
    "cloudwatch": "AmazonCloudWatch",
    "codebuild": "AWS CodeBuild",
    "config": "AWS Config",
    "dynamodb": "Amazon DynamoDB",
    "ec2": _EC2,
    "ecs": "Amazon Elastic Container Service",
    "efs": "Amazon Elastic File System",
    "eks": "Amazon Elastic Kubernetes Service",
    "elasticache": "Amazon ElastiCache",
    "elb": _ELB,
    "elbv2": _ELB,
    "guardduty": "Amazon GuardDuty",
    "inspector": "Amazon Inspector",
    "inspector2": "Amazon Inspector",
    "kms": "AWS Key Management Service",
    "lambda": "AWS Lambda",
    "opensearch": "Amazon OpenSearch Service",
    "rds": _RDS,
    "redshift": "Amazon Redshift",
    "s3": _S3,
    "secretsmanager": "AWS Secrets Manager",
    "securityhub": "AWS Security Hub",
    "sns": "Amazon Simple Notification Service",
    "sqs": "Amazon Simple Queue Service",
    "ssm": "AWS Systems Manager",
    "stepfunctions": "AWS Step Functions",
    "vpc": _VPC,
    "waf": "AWS WAF",
    "wafv2": "AWS WAF",
}
"""Families of controls (responsibility.py), for what is checked of a whole account."""
_CATEGORY = {
    "AI and Machine Learning": ("Amazon SageMaker", "Amazon Bedrock", "Amazon Rekognition", "Amazon Comprehend", "Amazon Textract"),
    "Analytics": ("Amazon Athena", "AWS Glue", "Amazon Kinesis", "Amazon OpenSearch Service", "Amazon QuickSight", "Amazon EMR"),
    "Compute": (
        _EC2,
        "AWS Lambda",
        "Amazon Elastic Container Service",
        "Amazon Elastic Kubernetes Service",
        "AWS Step Functions",
        "Amazon Lightsail",
    ),
    "Databases": (
        "Amazon DynamoDB",
        "Amazon ElastiCache",
        "Amazon Redshift",
        "Amazon Relational Database Service",
        "Amazon DocumentDB (with MongoDB compatibility)",
        "Amazon Neptune",
    ),
    "Developer Tools": ("AWS CodeBuild", "AWS CodePipeline", "AWS X-Ray"),
    "Identity": ("AWS Key Management Service", "AWS IAM Identity Center", "Amazon Cognito", "AWS Directory Service"),
    "Integration": ("Amazon Simple Queue Service", "Amazon Simple Notification Service", "Amazon EventBridge", "Amazon MQ"),
    "Management and Governance": (
        "AmazonCloudWatch",
        "AWS CloudTrail",
        "AWS Config",
        "AWS Systems Manager",
        "AWS Cost Explorer",
        "AWS Backup",
    ),
    "Networking": (
        "Amazon API Gateway",
        "Amazon CloudFront",
        "Amazon Route 53",
        "Amazon Virtual Private Cloud",
        "AWS Direct Connect",
        "AWS Transit Gateway",
        "Elastic Load Balancing",
    ),
    "Security": ("AWS Secrets Manager", "AWS Security Hub", "AWS WAF", "Amazon GuardDuty", "Amazon Inspector"),
    "Storage": ("Amazon Simple Storage Service", "Amazon Elastic File System", "Amazon S3 Glacier", "Amazon FSx"),
}
_CATEGORY_OF = {service: category for category, services in _CATEGORY.items() for service in services}


def service_name(name: str) -> str:
    """The canonical name; a name that is not in the table passes as it is."""
    return _CANONICAL.get(name, name)


def service_category(service: str) -> str:
    """The FOCUS ServiceCategory of a canonical service name, where the source doesn't say it itself."""
    return _CATEGORY_OF.get(service, OTHER)


def service_of(resource_type: str, family: str | None) -> str | None:
    """The service that a failing check's resource is of, by its ASFF type or else by the control's family; None where neither tells."""
    kinds = [kind for kind in _OF_RESOURCE if resource_type.startswith(kind)]
    return _OF_RESOURCE[max(kinds, key=len)] if kinds else _OF_FAMILY.get(family or "")
