"""Open IDX files, of which only the parts that are asked for are read."""
