"""What a file that is not IDX seems to be; why the size of an IDX file does not fit its header."""
