"""The snippets of a page, and what becomes of each when they run one after another."""

import ast
import builtins
import contextlib
import doctest
import glob
import importlib.util
import io
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
INCLUDED = re.compile(r"^```\{include\} (\S+)", re.MULTILINE)
SNIPPET = re.compile(r"^```(python|diff|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What else people type in a shell. What these do is not for idxfast to show.
OTHER_PROGRAMS = {
    ".", ".ci/run", "cd", "convert-im6.q16hdri", "export", "pip", "pre-commit", "pytest", "python",
    "python3", "sphinx-build",
}  # fmt: skip


class Snippet(NamedTuple):
    """Code of a page, and the line where it starts."""

    line: int
    kind: str
    code: str


def find_pages():
    """README.md, the pages of .docs, and the files that these include."""
    pages = [ROOT / "README.md", *sorted((ROOT / ".docs").glob("*.md"))]
    for page in pages:
        if page.exists():
            for name in INCLUDED.findall(page.read_text()):
                included = (page.parent / name).resolve()
                if included not in pages:
                    pages.append(included)
    return pages


def snippets_of(page):
    text = page.read_text() if page.exists() else ""
    for match in SNIPPET.finditer(text):
        yield Snippet(text.count("\n", 0, match.start()) + 2, match[1], match[2])


def sides_of(code):
    """The code before and after a change that is shown as a diff."""
    lines = code.splitlines()
    return tuple("\n".join(line[1:] for line in lines if line[:1] != sign) for sign in "+-")


def run_page(page):
    """What became of each snippet, by its line, and the names that all of them have made."""
    names, missing, outcomes = {"__name__": "__main__"}, {}, {}
    for line, kind, code in snippets_of(page):
        reason = error = None
        try:
            if kind == "sh":
                reason = run_commands(code)
            else:
                if kind == "diff":
                    before, code = sides_of(code)
                    ast.parse(before)
                made, used = names_in(code)
                reason = next(
                    (missing[name] for name in sorted(used - made) if name in missing), None
                )
                if reason is None:
                    run(page, line, code, names)
        except ImportError as caught:
            package = missing_package(caught)
            if package == "idxfast":
                error = caught
            else:
                reason = f"{package} is not installed"
        except (Exception, SystemExit) as caught:
            error = caught
        if reason is not None and kind != "sh":
            missing |= dict.fromkeys(made - names.keys() - set(dir(builtins)), reason)
        outcomes[line] = reason, error
    return SimpleNamespace(outcomes=outcomes, names=SimpleNamespace(**names))


def names_in(code):
    """The names that a snippet assigns or imports, and those that it uses."""
    made, used = set(), set()
    if ">>>" in code:
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(code))
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
    return made, used


def run(page, line, code, names):
    """Run Python code, or a session of which the output is compared."""
    if ">>>" not in code:
        exec(compile("\n" * (line - 1) + code, page, "exec", dont_inherit=True), names)
        return
    test = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), line - 1)
    doctest.DebugRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    names.update(test.globs)


def missing_package(error):
    """The package whose import failed; a package may raise an error of its own for another one."""
    while error.name is None and isinstance(error.__cause__, ImportError):
        error = error.__cause__
    return (error.name or "idxfast").partition(".")[0]


def run_commands(code):
    """Run the lines that call idxfast; the reason if there are none, or a package is missing."""
    from idxfast.cli import main

    is_ours = False
    for line in code.replace("\\\n", " ").splitlines():
        words = [word for part in shlex.split(line, comments=True) for word in expand(part)]
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        if words and words[0] != "idxfast":
            assert words[0] in OTHER_PROGRAMS, f"there is no program {words[0]}"
        elif words:
            is_ours = True
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                status = main(words[1:])
            if status and importlib.util.find_spec("PIL") is None:
                return "Pillow is not installed"
            assert status == 0, f"{line}: {output.getvalue()}"
    return None if is_ours else "it calls other programs only"


def expand(word):
    return sorted(glob.glob(word)) or [word] if "*" in word else [word]
