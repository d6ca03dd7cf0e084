"""IDX files to arrays."""
