"""Schedules, their runs, and every message to a recipient."""
