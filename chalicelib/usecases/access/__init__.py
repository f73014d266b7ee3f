"""Keys, limits and the audit."""
