"""Budgets, and what months come to."""
