"""What a terminal shows of half blocks in colour."""

import re

import numpy as np

_TOKEN = re.compile(r"\x1b\[([0-9;]*)m|(.)")


def decode(lines, height):
    """The colours of all pixels, as an array of shape (height, width, 3); -1 where there is none."""
    rows = []
    for line in lines:
        upper = lower = (-1, -1, -1)
        above, below = [], []
        for codes, character in _TOKEN.findall(line):
            if character:
                assert character in (" ", "\u2580")
                above.append(upper if character != " " else (-1, -1, -1))
                below.append(lower)
                continue
            numbers = [int(code) for code in codes.split(";")]
            while numbers:
                code = numbers.pop(0)
                if code == 0:
                    upper = lower = (-1, -1, -1)
                elif code == 49:
                    lower = (-1, -1, -1)
                else:
                    assert code in (38, 48) and numbers.pop(0) == 2
                    colour, numbers = tuple(numbers[:3]), numbers[3:]
                    upper, lower = (colour, lower) if code == 38 else (upper, colour)
        rows += [above, below]
    return np.array(rows[:height])
