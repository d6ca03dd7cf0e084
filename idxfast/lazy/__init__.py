"""Open IDX files, and read only the parts that are asked for."""
