"""The command: wrong usage, and outputs that end or fail."""

import errno
import gc
import importlib.metadata
import io
import os
import re
import shlex
import signal
import subprocess
import sys

import pytest

import idxfast
from idxfast.cli import describing, main


def test_wrong_usage():
    with pytest.raises(SystemExit) as error:
        main(["nothing"])
    assert error.value.code == 2


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_after_sigterm_the_callers_handlers_are_back(monkeypatch):
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    monkeypatch.setattr("idxfast.cli.info.run", lambda options: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as error:
        main(["info", "file"])
    assert error.value.code == 143
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers


def test_the_module_is_the_command(images, capfd):
    command = [sys.executable, "-P", "-m", "idxfast", "info", str(images)]
    assert subprocess.run(command, timeout=60).returncode == 0
    child = capfd.readouterr()
    assert main(["info", str(images)]) == 0
    assert capfd.readouterr() == child
    assert subprocess.run([*command, "missing"], timeout=60).returncode == 1


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_messages_do_not_go_to_standard_output(images):
    """If standard error is closed, there is no place for them."""
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "idxfast"]
    for words, status in [(["info", "missing"], 1), (["nothing"], 2), (["--debug", "x"], 2)]:
        ended = subprocess.run([*command, *words], capture_output=True, timeout=60)
        assert (ended.returncode, ended.stdout) == (status, b"")
    ended = subprocess.run([*command, "info", images], capture_output=True, timeout=60)
    assert (ended.returncode, b"2 x 3 x 4" in ended.stdout) == (0, True)


def test_the_installed_script_is_the_module(images, monkeypatch, capsys):
    scripts = importlib.metadata.entry_points(group="console_scripts", name="idxfast")
    if not scripts:
        pytest.skip("idxfast is not installed")
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setattr(sys, "argv", ["idxfast", "info", str(images)])
    with pytest.raises(SystemExit) as end:
        next(iter(scripts)).load()()
    assert end.value.code == 0
    assert "2 x 3 x 4" in capsys.readouterr().out
    assert frozen


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        (["info", "images.gz"], ""),
        (["info", "images.gz"], "1"),
        (["info", "."], ""),
        (["info", "."], "1"),
        ([], "1"),
        (["--help"], ""),
        (["--version"], ""),
        (["info", "--help"], ""),
    ],
)
def test_nobody_reads_the_output(words, unbuffered, images):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-P", "-m", "idxfast", *words]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    options = {"env": environment, "timeout": 60, "cwd": images.parent}
    with open(writing, "wb") as output:
        child = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, **options)
    assert (child.returncode, child.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [(["info", "."], ""), (["info", "."], "1"), (["--help"], ""), (["--version"], "")],
)
def test_the_output_takes_no_more(words, unbuffered, images, monkeypatch):
    monkeypatch.chdir(images.parent)
    command = [sys.executable, "-P", "-m", "idxfast", *words]
    options = {"env": os.environ | {"PYTHONUNBUFFERED": unbuffered}, "timeout": 60}
    with open("/dev/full", "wb") as output:
        child = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, **options)
    assert (child.returncode, child.stderr) == (1, b"idxfast: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell that closes descriptors")
def test_there_is_no_output(images):
    command = f"exec {shlex.join([sys.executable, '-P', '-m', 'idxfast', 'info', str(images)])} >&-"
    child = subprocess.run(command, shell=True, stderr=subprocess.PIPE, timeout=60)
    assert (child.returncode, child.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nothing"], "idxfast: argument VERB: invalid choice: 'nothing' (choose from"),
        (["show"], "idxfast show: the following arguments are required: FILE; see idxfast show -"),
        (
            ["info", "x", "--un\nknown\x1b"],
            r"idxfast: unrecognized arguments: --un\nknown\x1b; see",
        ),
        (["cache"], "idxfast cache: the following arguments are required: {list,clear};"),
        (["stats", "-"], "idxfast: -: for a pipe, name /dev/stdin; for a file of this name, ./-"),
        (
            ["info", "x", "-"],
            "idxfast: -: for a pipe, name /dev/stdin; for a file of this name, ./-",
        ),
        (["convert", "x", "-"], "idxfast: -: for a pipe, name /dev/stdout; for a file of this"),
    ],
)
def test_wrong_usage_is_one_line(words, text, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = command(*words)
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith(text)
    assert not os.listdir(tmp_path)


def interrupt(*_):
    raise KeyboardInterrupt


def test_an_interrupt_before_the_verb_begins(images, monkeypatch):
    monkeypatch.setattr("idxfast.cli.info.add_arguments", interrupt)
    assert main(["info", str(images)]) == 130


def test_an_interrupt_is_no_traceback(images, monkeypatch):
    monkeypatch.setattr(describing, "read_header", interrupt)
    assert main(["info", str(images)]) == 130


def test_without_a_verb_it_shows_the_verbs_and_three_examples(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert not err
    verbs, examples = out.split("examples:\n")
    assert all(f"  {verb} " in verbs for verb in ("info", "convert", "fetch", "demo"))
    assert [line.split()[:2] for line in examples.splitlines()] == [
        ["idxfast", "fetch"],
        ["idxfast", "show"],
        ["idxfast", "convert"],
    ]


def test_each_verb_has_help(capsys):
    main([])
    listed = re.findall(r"^    (\w+)  ", capsys.readouterr().out, re.M)
    assert len(listed) >= 10
    for verb in listed:
        with pytest.raises(SystemExit) as stopped:
            main([verb, "--help"])
        assert stopped.value.code == 0
        assert f"usage: idxfast {verb} " in capsys.readouterr().out


def test_info_imports_no_more_than_it_needs(images, run_child):
    code = (
        "import sys; from idxfast.cli import main; main(['info', sys.argv[1]]);"
        "print(*(name for name in sys.modules if name.startswith('idxfast.')))"
    )
    names = run_child(code, images)
    assert "idxfast.cli.info" in names
    unneeded = ("idxfast.datasets", "idxfast.images", "idxfast.lazy", "idxfast.cli.convert")
    assert not [name for name in names if name.startswith(unneeded)]


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"idxfast {idxfast.__version__}\n"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.ENOSPC, "No space left on device", "file"), "file: No space left on device"),
        (OSError("a system call failed"), "a system call failed"),
        (MemoryError("not enough"), "not enough"),
        (MemoryError(), "MemoryError"),
        (KeyError("x"), "KeyError: 'x'; a fault of idxfast, which --debug traces"),
    ],
)
def test_an_error_is_one_line(error, text, monkeypatch, capsys):
    def fail(options):
        raise error

    monkeypatch.setattr("idxfast.cli.demo.run", fail)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == f"idxfast: {text}\n"
    assert main(["demo", "--debug"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == f"idxfast: {text}"


def test_the_output_may_be_any_object_with_write(images, monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["info", str(images)]) == 0
    assert str(images) in output.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ["show", "{}"],
        ["stats", "{}"],
        ["sheet", "{}", "-o", "{}.png"],
        ["diff", "{}", "{}.gz"],
        ["verify", "{}", "{}.gz"],
        ["convert", "{}", "{}.npy"],
        ["convert", "{}", "{}.csv"],
        ["convert", "{}", "{}/", "--class", "{}"],
        ["convert", "{}.npz", "{}.csv"],
    ],
    ids=lambda words: "-".join(words).replace("{}", "x").replace("/", ""),
)
def test_names_are_shown_without_controls(words, tmp_path, oracle, capsys):
    name = "train-images\x1b[31m\x07\u202e\n"
    path = tmp_path / name
    path.write_bytes(oracle.pack(8, (3, 4, 4)))
    labels = tmp_path / name.replace("images", "labels")
    labels.write_bytes(oracle.pack(8, (3,)))
    (tmp_path / "classes.txt").write_text("a\x1b[31m\n" * 20)
    main([word.format(path) for word in words])
    written = "".join(capsys.readouterr())
    assert r"\x1b[31m" in written or words[0] == "show"
    assert all(character.isprintable() or character == "\n" for character in written)
