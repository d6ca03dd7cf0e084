"""Damage to a file, and what comes of it."""

import idxfast


def outcome(function, *arguments):
    try:
        result = function(*arguments)
    except idxfast.IdxError as error:
        return type(error), str(error), vars(error)
    return (result[0] if isinstance(result, tuple) else result).tobytes()


DAMAGES = ["flipped", "cut", "zeros", "left out", "twice", "trailer"]


def damaged(file, kind, at):
    """One of several faults, at a byte."""
    if kind == "flipped":
        return file[:at] + bytes([file[at] ^ 1 << at % 8]) + file[at + 1 :]
    if kind == "cut":
        return file[:at]
    if kind == "zeros":
        return file[:at] + bytes(40) + file[at + 40 :]
    if kind == "left out":
        return file[:at] + file[at + 1 :]
    if kind == "twice":
        return file[:at] + file[at - 30 :]
    return file[: -1 - at % 8] + bytes([file[-1 - at % 8] ^ 64]) + file[len(file) - at % 8 :]
