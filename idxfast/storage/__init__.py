"""What the caller passed, as bytes to read, and files that appear whole or not at all."""
