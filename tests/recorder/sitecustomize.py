"""Python imports this by itself in processes that have this folder on PYTHONPATH: those of the stack that the suite starts."""

import os

import aws_calls

aws_calls.install(os.environ["RECORD_AWS_CALLS"])
