"""The laptop's AWS where moto is too poor: Cost Explorer, Security Hub, CloudWatch's points and AssumeRole's trust."""
