"""Reports: asked for, rendered, proven, linked to."""
