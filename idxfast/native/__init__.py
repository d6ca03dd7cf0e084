"""All compiled code: bytes in, bytes out; knows DEFLATE, nothing of IDX."""
