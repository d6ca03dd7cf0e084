"""The extension modules, and where their libdeflate comes from (README.md, "Building")."""

import gzip
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from typing import NoReturn

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# The source distribution of the package `deflate` holds libdeflate 1.26 unmodified.
PACKAGE = "deflate==0.9.0"
SHA256 = "962e0a6f1ea3a94b900a8ea0ce138fa92bfcbafda5b86367104a259ffcd3462b"

# One build for all CPythons from this one on (Py_LIMITED_API). Each free-threaded one has a build
# of its own, because 3.14 has no stable ABI for them.
OLDEST = (3, 11)
IS_LIMITED = sys.implementation.name == "cpython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)
if IS_LIMITED:
    MACROS = [("Py_LIMITED_API", "0x{:02X}{:02X}0000".format(*OLDEST))]
    WHEEL = {"py_limited_api": "cp{}{}".format(*OLDEST)}
else:
    MACROS, WHEEL = [], {}

CARRIED = Path("libdeflate")  # in our own source distribution
CACHED = Path("build", "libdeflate-1.26")
# What a build needs of libdeflate's tree, and its licence.
NEEDED = ("COPYING", "*.h", "lib/**/*.[ch]")
HEADER = "libdeflate.h"

NATIVE = Path("idxfast", "native")
MODULES = ("buffers", "deflate", "files", "inflate")
# What the modules are made of besides their .pyx files.
INCLUDED = sorted(
    str(path) for pattern in ("**/*.h", "*.pxd", "*.pxi") for path in NATIVE.glob(pattern)
)

# Without -g in CFLAGS, the modules lack what only debuggers read: symbols, which make up most of
# the size, and the tables by which the stack is unwound.
if "-g" in shlex.split(os.environ.get("CFLAGS", "")):
    COMPILE_FLAGS, LINK_FLAGS = [], []
else:
    COMPILE_FLAGS = ["-fno-asynchronous-unwind-tables"]
    LINK_FLAGS = ["-Wl,-S,-x"] if sys.platform == "darwin" else ["-s"]

SYSTEM = os.environ.get("IDXFAST_SYSTEM_LIBDEFLATE") == "1"

# A zip file cannot hold an earlier date: 1980-01-01.
EARLIEST_DATE = 315_532_800


def source_date() -> int:
    """The date that each file in a distribution gets, so that two builds have equal bytes.

    It is SOURCE_DATE_EPOCH; or that of the source distribution that is built from; or that of the
    commit.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    unpacked = Path("PKG-INFO")  # in our own source distribution
    if unpacked.is_file():
        return int(unpacked.stat().st_mtime)
    command = ["git", "log", "-1", "--format=%ct"]
    try:
        found = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return EARLIEST_DATE
    return int(found.stdout)


def plain_mode(mode: int) -> int:
    """The permissions of a file in a distribution, whatever the umask of the build is."""
    return 0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644


def stop(reason: str) -> NoReturn:
    """End a build that has no libdeflate."""
    sys.exit(
        f"{reason}; idxfast needs libdeflate: set IDXFAST_SYSTEM_LIBDEFLATE=1 to use the system's "
        "(by pkg-config), or LIBDEFLATE_SOURCE to a source tree, or neither to have pip fetch "
        f"{PACKAGE} from the package index."
    )


def copy_needed(source: Path, target: Path) -> None:
    """Copy what is needed of a source tree of libdeflate."""
    for pattern in NEEDED:
        for path in source.glob(pattern):
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def fetch_libdeflate() -> None:
    """Make CACHED from the package index, by its hash."""
    CACHED.parent.mkdir(exist_ok=True)
    # Beside CACHED, which is there only when it is whole.
    with tempfile.TemporaryDirectory(dir=CACHED.parent) as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        pip += ["--no-deps", "--no-binary=deflate", "--require-hashes", f"--dest={folder}"]
        subprocess.run([*pip, f"--requirement={requirements}"], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            # Its hash is known; and before 3.11.4 there are no filters.
            tar.extraction_filter = lambda member, _: member
            tar.extractall(folder)
        (source,) = Path(folder).glob("*/libdeflate")
        whole = Path(folder, "whole")
        copy_needed(source, whole)
        whole.rename(CACHED)


def libdeflate_source() -> Path:
    """The source tree to build from."""
    given = os.environ.get("LIBDEFLATE_SOURCE")
    if given:
        # Relative, as setuptools wants the paths of sources.
        source = Path(os.path.relpath(given))
        if not (source / HEADER).is_file():
            stop(f"there is no {HEADER} in LIBDEFLATE_SOURCE={given}")
        return source
    if CARRIED.is_dir():
        return CARRIED
    if not CACHED.is_dir():
        try:
            fetch_libdeflate()
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            stop(f"pip could not fetch {PACKAGE} ({error})")
    return CACHED


def system_libdeflate() -> list[str]:
    """What pkg-config says of the system's libdeflate."""
    command = ["pkg-config", "--cflags", "--libs", "libdeflate >= 1.20"]
    try:
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        stop(f"IDXFAST_SYSTEM_LIBDEFLATE is set, but pkg-config finds none ({error})")
    return shlex.split(found.stdout)


class BuildLibdeflate(build_clib):
    """Compile libdeflate once, before the extensions."""

    def build_libraries(self, libraries: list[tuple[str, dict]]) -> None:
        source = libdeflate_source()
        for _, library in libraries:
            library["include_dirs"] = [str(source)]
            library["sources"] = sorted(map(str, source.glob("lib/**/*.c")))
            if self.compiler.compiler_type != "msvc":
                library["cflags"] = ["-O2", "-fPIC", "-fvisibility=hidden", *COMPILE_FLAGS]
        super().build_libraries(libraries)


class BuildExtensions(build_ext):
    def run(self) -> None:
        # By itself only `build` does so, and `build_ext --inplace` would find no library.
        if self.distribution.has_c_libraries():
            self.run_command("build_clib")
        super().run()

    def build_extensions(self) -> None:
        if self.compiler.compiler_type != "msvc":
            for ext in self.extensions:
                # setuptools lets CFLAGS replace Python's own flags; optimise all the same. Sums of
                # products round in two steps on every processor, as pictures.h promises; where
                # there is an instruction for both, gcc would take it.
                # What calls the system need not be fast, but small.
                level = "-Os" if ext.name == "idxfast.native.files" else "-O3"
                ext.extra_compile_args += [level, "-ffp-contract=off", *COMPILE_FLAGS]
                ext.extra_link_args += LINK_FLAGS
        if SYSTEM:
            flags = system_libdeflate()
            (ext,) = (ext for ext in self.extensions if ext.name == "idxfast.native.deflate")
            ext.extra_compile_args += [flag for flag in flags if flag.startswith("-I")]
            ext.extra_link_args += [flag for flag in flags if not flag.startswith("-I")]
        else:
            source = libdeflate_source()
            self.compiler.add_include_dir(str(source))
            # Its licence asks to come along wherever it is linked in.
            if not self.editable_mode and not self.inplace:
                package = Path(self.get_ext_fullpath(self.extensions[0].name)).parent
                package.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / "COPYING", package / "COPYING.libdeflate")
        super().build_extensions()


class SourceDistribution(sdist):
    def make_distribution(self) -> None:
        """Add what setuptools leaves out: all of the tests, and what README.md links to."""
        self.filelist.include("CHANGELOG.md")
        for folder in (".docs", "benchmarks", "tests"):
            self.filelist.graft(folder)
        # Files that a build, or a run of benchmarks and tests, has made.
        self.filelist.prune("benchmarks/.cache")
        self.filelist.exclude("idxfast/native/*.c")
        self.filelist.global_exclude("*.py[cod]")
        super().make_distribution()

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        copy_needed(libdeflate_source(), Path(base_dir, CARRIED))

    def make_archive(
        self,
        base_name: str,
        format: str,
        root_dir: str | None = None,
        base_dir: str | None = None,
        owner: str | None = None,
        group: str | None = None,
    ) -> str:
        """Write the archive without the time, the user and the umask of the build."""
        if format != "gztar" or base_dir is None:
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)
        date = source_date()

        def normalise(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.mode = 0o755 if member.isdir() else plain_mode(member.mode)
            member.mtime = date
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            return member

        path = Path(f"{base_name}.tar.gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            open(path, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=date) as compressed,
            tarfile.open(fileobj=compressed, mode="w") as tar,
        ):
            tar.add(base_dir, filter=normalise)
        return str(path)


class Wheel(bdist_wheel):
    def run(self) -> None:
        os.environ["SOURCE_DATE_EPOCH"] = str(source_date())
        super().run()

    def write_wheelfile(self, wheelfile_base: str, *arguments: str) -> None:
        """Write the last file of the wheel, before all of them are archived."""
        super().write_wheelfile(wheelfile_base, *arguments)
        for path in Path(self.bdist_dir).rglob("*"):
            path.chmod(plain_mode(path.stat().st_mode))


def describe() -> str:
    """README.md for a page elsewhere: without the links and pictures that lead into a clone."""
    path = Path(__file__).with_name("README.md")
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^!\[[^]]*\]\((?!https:)[^)]*\)\n\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^]]+)\]\((?!https:)[^)]*\)", r"\1", text)


setup(
    long_description=describe(),
    long_description_content_type="text/markdown",
    # Not "deflate": the linker may look for that among the system's libraries first.
    libraries=[] if SYSTEM else [("idxfast_deflate", {"sources": []})],
    ext_modules=[
        Extension(
            f"idxfast.native.{name}",
            [str(NATIVE / f"{name}.pyx")],
            depends=INCLUDED,
            py_limited_api=IS_LIMITED,
            define_macros=MACROS,
        )
        for name in MODULES
    ],
    options={"bdist_wheel": WHEEL},
    cmdclass={
        "build_clib": BuildLibdeflate,
        "build_ext": BuildExtensions,
        "sdist": SourceDistribution,
        "bdist_wheel": Wheel,
    },
)
