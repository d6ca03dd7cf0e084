"""The extension modules, and where their libdeflate comes from (README.md, "Building")."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# The source distribution of the package `deflate` holds libdeflate 1.26 unmodified.
PACKAGE = "deflate==0.9.0"
SHA256 = "962e0a6f1ea3a94b900a8ea0ce138fa92bfcbafda5b86367104a259ffcd3462b"

# One build for all CPythons from this one on (Py_LIMITED_API), where there is such a thing: a
# free-threaded one has none before 3.15.
OLDEST = (3, 11)
IS_LIMITED = sys.implementation.name == "cpython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)

CARRIED = Path("libdeflate")  # in our own source distribution
CACHED = Path("build", "libdeflate-1.26")


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
        unpacked = Path(folder, "unpacked")
        with tarfile.open(archive) as tar:
            for member in tar:
                inside = Path(*Path(member.name).parts[2:])
                wanted = inside.name == "COPYING" or inside.suffix in (".c", ".h")
                if member.isfile() and wanted and Path(member.name).parts[1] == "libdeflate":
                    (unpacked / inside).parent.mkdir(parents=True, exist_ok=True)
                    (unpacked / inside).write_bytes(tar.extractfile(member).read())
        unpacked.rename(CACHED)


def libdeflate_source() -> Path:
    """The source tree to build from."""
    if "LIBDEFLATE_SOURCE" in os.environ:
        # Relative, as setuptools wants the paths of sources.
        return Path(os.path.relpath(os.environ["LIBDEFLATE_SOURCE"]))
    if CARRIED.is_dir():
        return CARRIED
    if not CACHED.is_dir():
        try:
            fetch_libdeflate()
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            sys.exit(
                "idxfast needs libdeflate: set IDXFAST_SYSTEM_LIBDEFLATE=1 to use the system's "
                "(by pkg-config), or LIBDEFLATE_SOURCE to a source tree, or let pip fetch "
                f"{PACKAGE} from the package index, which failed ({error})."
            )
    return CACHED


def system_libdeflate() -> list[str]:
    """What pkg-config says of the system's libdeflate."""
    command = ["pkg-config", "--cflags", "--libs", "libdeflate >= 1.20"]
    try:
        found = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"IDXFAST_SYSTEM_LIBDEFLATE is set, but pkg-config finds none: {error}")
    return shlex.split(found.stdout)


SYSTEM = os.environ.get("IDXFAST_SYSTEM_LIBDEFLATE") == "1"


class BuildLibdeflate(build_clib):
    """Compile libdeflate once, for all the extensions that use it."""

    def build_libraries(self, libraries: list[tuple[str, dict]]) -> None:
        source = libdeflate_source()
        for _, library in libraries:
            library["include_dirs"] = [str(source)]
            library["sources"] = sorted(
                str(path)
                for pattern in ("*.c", "*/*.c")
                for path in source.joinpath("lib").glob(pattern)
            )
            if self.compiler.compiler_type != "msvc":
                library["cflags"] = ["-O3", "-fPIC"]
        super().build_libraries(libraries)


class BuildExtensions(build_ext):
    def build_extension(self, ext: Extension) -> None:
        if self.compiler.compiler_type != "msvc":
            # setuptools lets CFLAGS replace Python's own flags; optimise all the same.
            ext.extra_compile_args = ["-O3"]
        if SYSTEM:
            flags = system_libdeflate()
            ext.extra_compile_args += [flag for flag in flags if flag.startswith("-I")]
            ext.extra_link_args = [flag for flag in flags if not flag.startswith("-I")]
        else:
            source = libdeflate_source()
            ext.include_dirs.append(str(source))
            # Its licence asks to come along wherever it is linked in.
            package = Path(self.get_ext_fullpath(ext.name)).parent
            if not self.editable_mode and not self.inplace:
                package.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / "COPYING", package / "COPYING.libdeflate")
        super().build_extension(ext)


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        shutil.copytree(libdeflate_source(), Path(base_dir, CARRIED), dirs_exist_ok=True)


def extension(name: str, *headers: str) -> Extension:
    folder = "idxfast/native"
    return Extension(
        f"idxfast.native.{name}",
        [f"{folder}/{name}.pyx"],
        depends=[f"{folder}/{header}" for header in headers],
        py_limited_api=IS_LIMITED,
        define_macros=[("Py_LIMITED_API", "0x{:02X}{:02X}0000".format(*OLDEST))] * IS_LIMITED,
    )


setup(
    # Not "deflate": the linker may look for that among the system's libraries first.
    libraries=[] if SYSTEM else [("idxfast_deflate", {"sources": []})],
    ext_modules=[
        extension("blocks", "precode.h"),
        extension("checksum", "libdeflate.pxd"),
        extension("codec", "libdeflate.pxd"),
        extension("encoder", "libdeflate.pxd"),
        extension("files", "files.h"),
        extension("lists", "pages.h"),
        extension("members", "libdeflate.pxd"),
        extension("memory", "swap.h"),
    ],
    options={"bdist_wheel": {"py_limited_api": "cp{}{}".format(*OLDEST)}} if IS_LIMITED else {},
    cmdclass={
        "build_clib": BuildLibdeflate,
        "build_ext": BuildExtensions,
        "sdist": SourceDistribution,
    },
)
