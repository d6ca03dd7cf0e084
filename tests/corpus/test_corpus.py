"""Every file of the corpus, through every way in, comes out as it has to."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from corpus.cases import cases as make_cases
from files import strict

# Rows of the fault model that files alone can show.
ROWS = [
    *(f"H{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14)),
    "R0",
    "R1",
    "R2",
    "R3",
    "R8",
    "R9",
]
ROWS += [*(f"G{n}" for n in (*range(1, 17), 19, 20)), *(f"D{n}" for n in range(1, 10)), "F6"]
NAMES = {
    0x08: "uint8",
    0x09: "int8",
    0x0B: "int16",
    0x0C: "int32",
    0x0D: "float32",
    0x0E: "float64",
}


@pytest.fixture(scope="module")
def cases(request):
    return list(make_cases(request.config.getoption("--corpus-seed")))


def test_the_corpus_is_whole(cases, request):
    assert len(cases) >= 600
    rows = Counter(case.name.partition("-")[0] for case in cases)
    assert set(rows) == set(ROWS)
    valid = sum(case.content is not None for case in cases)
    assert 150 < valid < len(cases) - 400
    seed = request.config.getoption("--corpus-seed")
    assert list(make_cases(seed)) == cases != list(make_cases(seed + 1))


def test_the_slow_readers_agree_with_the_corpus(cases, oracle):
    """The strict one about every file; the standard library's about every one that may be read."""
    for case in cases:
        try:
            content = strict.read(case.data)
        except strict.Refused as refused:
            assert str(refused) in case.errors, case.name
        else:
            assert content == case.content, case.name
            assert oracle.read(case.data) == oracle.read(content), case.name


def header_of(data):
    """Code and shape at the start of the content, or the error that it starts with."""
    try:
        return strict.read_header(strict.start(data))
    except strict.Refused as refused:
        return str(refused)


def memory_for(data):
    """The bytes of memory that the evidence of a file allows, and what buffers that grow take."""
    evidence = len(data)
    if data[:2] == b"\x1f\x8b":
        header = header_of(data)
        announced = 1 << 20 if isinstance(header, str) else strict.total(header)
        evidence = min(strict.MAX_RATIO * len(data), announced)
    return 3 * (evidence + len(data))


def expected(case, way, oracle):
    """The answers that are right."""
    answers = [{"error": error} for error in case.errors]
    if way.startswith("read_header"):
        header = header_of(case.data)
        if isinstance(header, str):
            return [*answers, {"error": header}]
        code, shape = header
        return [{"header": [NAMES[code], list(shape)]}]
    if way == "out" and case.content is None:
        answers.append({"error": "SizeError"})
    if case.content is not None:
        name, shape, payload = oracle.read(case.content)
        answers.append({"array": [name, list(shape), hashlib.sha256(payload).hexdigest()]})
    return answers


@pytest.mark.parametrize("threads", [1, 2])
def test_every_way_in(threads, cases, oracle, tmp_path):
    # Every other name ends in .gz, whatever the content: names are not evidence (H5).
    named = {f"{i}-{case.name}" + ".gz" * (i % 2): case for i, case in enumerate(cases)}
    for name, case in named.items():
        (tmp_path / name).write_bytes(case.data)
    child = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).parent / "child.py"), str(tmp_path), str(threads)],
        input=json.dumps([[name, memory_for(case.data)] for name, case in named.items()]),
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )  # fmt: skip
    wrong, seen = [], 0
    for line in child.stdout.splitlines():
        asked, _, answer = line.partition("\t")
        name, way = json.loads(asked)
        assert answer, f"{name}, {way}: {child.stderr}"
        answers = expected(named[name], way, oracle)
        seen += 1
        if json.loads(answer) not in answers:
            wrong.append(f"{name}, {way}: {answer} where {answers or 'nothing'} is right")
    assert not wrong, "\n".join(wrong)
    assert child.returncode == 0, child.stderr
    assert seen == 7 * len(cases)
