"""What IDX files come in: raw, gzip, xz, bzip2, zip archives and streams."""
