"""The version that /health tells."""

VERSION = "0.1.0"
