"""Report -> PDF."""
