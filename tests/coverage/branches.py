"""Print which branches of the compiled modules were taken: branches.py FOLDER, as `run` fills it.

Cython adds much to what is written in a .pyx file. So three sets of branches are counted, and each
includes the one before:

- those written: conditions, loops, `and` and `or`, of .pyx, .pxd, .pxi and .h files;
- those that Cython adds in the same functions, most of them to ask whether a call has failed;
- all others in the C that Cython makes, which parses arguments, sets up modules, or is its library.
"""

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

SETS = ("written", "with those that Cython adds to them", "all of the C")

# What Cython calls the bodies of cdef and def functions.
BODY = re.compile("__pyx_p?f_")
CONDITION = re.compile(r"\b(if|for|while|switch)\b|\?")
# Errors handed on, references counted, and Cython's own checks of a variable.
ADDED = re.compile(r"Py_(?!ssize_t)|__Pyx|__PYX|unlikely\(__pyx_v_")
PLACE = re.compile(r'\s*/\* "(?:.*/)?(\w+\.p(?:yx|xd|xi))":(\d+)')


def read(data):
    """Yield file, line, function and, for each branch there, whether it was taken."""
    command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", data.name]
    output = subprocess.run(command, cwd=data.parent, capture_output=True, check=True).stdout
    for file in json.loads(output)["files"]:
        lines = defaultdict(list)
        for line in file["lines"]:
            # Two builds of a function, for two kinds of processors, count as one.
            function = line.get("function_name", "").partition(".")[0]
            lines[line["line_number"], function].append(
                [branch["count"] > 0 for branch in line["branches"]]
            )
        for (number, function), builds in lines.items():
            yield Path(file["file"]), number, function, [*map(any, zip(*builds, strict=True))]


def places(path):
    """Each line of a C file, with the place in a .pyx, .pxd or .pxi file that it comes from."""
    place = ""
    for line in path.read_text().splitlines():
        if match := PLACE.match(line):
            place = ":".join(match.groups())
        yield line, place


def count(folder):
    """How many branches there are in each set and each module, how many are taken, which are not."""
    total, taken, missed = Counter(), Counter(), Counter()
    for data in folder.glob("*.gcda"):
        source = list(places(data.with_suffix(".c")))
        for path, number, function, branches in read(data):
            if path.name == data.with_suffix(".c").name:
                line, place = source[number - 1]
                is_ours = BODY.match(function)
                is_written = is_ours and CONDITION.search(line) and not ADDED.search(line)
            elif path.is_relative_to("idxfast"):
                place, is_ours, is_written = f"{path.name}:{number}", True, True
            else:
                continue  # a header of Python
            names = [SETS[2]] + [SETS[1]] * bool(is_ours)
            if is_written:
                names += [SETS[0], place.partition(":")[0]]
                missed[place] += branches.count(False)
            for name in names:
                total[name] += len(branches)
                taken[name] += sum(branches)
    return total, taken, missed


def main(folder):
    total, taken, missed = count(folder)
    print("Branches")
    for name in [*sorted(total.keys() - set(SETS)), *SETS]:
        places = [place for place in missed if missed[place] and place.startswith(f"{name}:")]
        lines = sorted(int(place.partition(":")[2]) for place in places)
        words = f"{taken[name]:5} of {total[name]:5}, {taken[name] / total[name]:4.0%}"
        print(f"{name:36}{words}  {', '.join(map(str, lines))}".rstrip())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
