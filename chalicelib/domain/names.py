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
