"""What a file that is not IDX seems to be."""
