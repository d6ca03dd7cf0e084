"""Write arrays as IDX files."""
