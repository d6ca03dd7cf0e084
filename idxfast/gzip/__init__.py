"""gzip files (RFC 1952): read, on several threads where that pays, and written."""
