"""idxfast demo."""

import pytest

import idxfast
from idxfast.cli import demo, main


def test_demo_shows_times_and_digits(capsys):
    assert main(["demo", "--count", "50"]) == 0
    out = capsys.readouterr().out
    assert "50 digits" in out
    assert "labels: 1 3\n" in out  # of 80 columns, two digits take 57
    assert "@" in out


@pytest.mark.parametrize(
    ("columns", "labels"), [(20, "1"), (40, "1"), (57, "1 3"), (200, "1 3 4 1")]
)
def test_demo_shows_the_digits_that_fit(columns, labels, terminal):
    written = terminal("demo", "--count", "50", columns=columns)
    digits = written.partition(f"labels: {labels}\n")[2].splitlines()
    assert len(digits) == 14
    assert 28 * (len(labels.split()) - 1) < max(map(len, digits)) < 29 * len(labels.split())


def test_demo_compares_what_it_loads(monkeypatch, capsys):
    monkeypatch.setattr(demo, "load", lambda path: idxfast.load(path)[::-1])
    assert main(["demo", "--count", "5"]) == 1
    assert "did not come back" in capsys.readouterr().err


def test_demo_without_memory_is_no_traceback(monkeypatch, capsys):
    def fail(count):
        raise MemoryError("not enough memory for the digits")

    monkeypatch.setattr(demo.synthetic, "digits", fail)
    assert main(["demo", "--count", "5"]) == 1
    assert capsys.readouterr().err == "idxfast: not enough memory for the digits\n"


@pytest.mark.parametrize("count", ["-5", "many", "1.5"])
def test_demo_of_no_count_is_wrong_usage(count, capsys):
    with pytest.raises(SystemExit) as error:
        main(["demo", "--count", count])
    assert error.value.code == 2
    assert f"'{count}' is not a number" in capsys.readouterr().err
