"""Arrays to IDX files."""
