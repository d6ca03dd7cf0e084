"""The exception, where idx2numpy has it."""


class FormatError(Exception):
    """Not an IDX file, or not an array that IDX can hold. Its cause says which and where."""
