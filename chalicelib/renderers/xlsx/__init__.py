"""Report -> XLSX."""
