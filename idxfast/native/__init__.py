"""All compiled code: bytes in, bytes out. It knows DEFLATE and gzip, but nothing of IDX."""
