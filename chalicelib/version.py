"""The version that /health tells, and that of what is stored."""

VERSION = "1.0.0"
SCHEMA = 1
"""The shape of what is stored: one more wherever code of before couldn't read what this code writes. A rollback stops at such a step."""
