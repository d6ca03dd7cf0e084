"""Bytes to read from whatever the caller passed; files that appear whole or not at all."""
