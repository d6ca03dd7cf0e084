"""gzip files (RFC 1952), decoded in segments: knows DEFLATE's shape, nothing of IDX."""
