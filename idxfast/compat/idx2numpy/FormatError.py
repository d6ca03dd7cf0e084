"""The exception, in the module where idx2numpy has it."""


class FormatError(Exception):
    """Not an IDX file, or not an array that IDX can hold.

    When a file is read, the cause is an `idxfast.IdxError` with the file's name and the place.
    """
