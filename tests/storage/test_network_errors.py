"""storage/network_errors: what the errors of any file system become."""

import errno
import tarfile
import zipfile
import zlib

import pytest

from idxfast import IdxError
from idxfast.storage.network_errors import network_errors, shown

SECRET = "https://user:password@host/path?signature=secret"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("memory://folder/file", "memory://folder/file"),
        (SECRET, "https://...@host/path?..."),
        ("https://token@host/a@b", "https://...@host/a@b"),
        ("https://a@b@host/file", "https://...@host/file"),
        ("https://host/file#fragment", "https://host/file?..."),
        ("https://host/a?b?c", "https://host/a?..."),
        ("https://host/a?\nb", "https://host/a?..."),
        ("https://user:password@host", "https://...@host"),
        (
            "zip://file::simplecache::" + SECRET,
            "zip://file::simplecache::https://...@host/path?...",
        ),
        ("zip://file::a.zip", "zip://file::a.zip"),
        ("data:text/plain;base64,c2VjcmV0", "data:..."),
        ("https://host/a?signature=a::secret", "https://host/a?..."),
        ("https://host/a::b?signature=secret", "https://host/a::b?..."),
        ("https://user:secret@host/a?b=https://host", "https://...@host/a?..."),
        ("data:,a::secret", "data:..."),
    ],
)
def test_urls_as_they_are_shown(url, expected):
    assert shown(url) == expected


class Status(Exception):
    def __init__(self, status):
        super().__init__(f"{status}, url={SECRET!r}")
        self.status = status


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (FileNotFoundError(SECRET), FileNotFoundError, "No such file or directory"),
        (FileNotFoundError(errno.ENOENT, SECRET, SECRET), FileNotFoundError, "No such file"),
        (PermissionError("user is not allowed"), PermissionError, "Permission denied"),
        (TimeoutError(), TimeoutError, "timed out"),
        (IsADirectoryError(SECRET), IsADirectoryError, "Is a directory"),
        (ConnectionResetError(errno.ECONNRESET, "reset by peer"), ConnectionResetError, "peer"),
        (OSError(f"no answer from {SECRET}"), OSError, "OSError"),
        (OSError("no answer"), OSError, "no answer"),
        (Status(404), FileNotFoundError, "HTTP status 404"),
        (Status(403), PermissionError, "HTTP status 403"),
        (Status(500), OSError, "HTTP status 500"),
        (Status(0), OSError, "Status"),
        (RuntimeError("GET /path?signature=secret"), OSError, "RuntimeError"),
        (RuntimeError("broken\x1b[2J"), OSError, r"broken\x1b[2J"),
        (RuntimeError(), OSError, "RuntimeError"),
        (zipfile.BadZipFile("File is not a zip file"), IdxError, "File is not a zip file"),
        (tarfile.ReadError(SECRET), IdxError, "ReadError"),
        (zlib.error("Error -3"), IdxError, "Error -3"),
        (ValueError("Protocol not known: a"), ValueError, "Protocol not known: a"),
        (ValueError(SECRET), ValueError, "ValueError"),
        (ImportError("Install this"), ImportError, "Install this"),
        (IdxError("wrong", filename="name"), IdxError, "wrong"),
        (MemoryError("none"), MemoryError, "none"),
    ],
)
def test_what_an_error_becomes(error, kind, text):
    with pytest.raises(kind) as caught, network_errors("name"):
        raise error
    assert text in str(caught.value)
    assert "secret" not in str(caught.value) and "password" not in str(caught.value)
    if isinstance(caught.value, OSError):
        assert caught.value.filename == "name"
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aiohttp.client", "this URL needs aiohttp: pip install 'idxfast[http]'"),
        ("fsspec", "this URL needs fsspec: pip install 'idxfast[fsspec]'"),
        ("another", "Install this"),
        (None, "Install this"),
    ],
)
def test_a_package_that_is_missing(name, words):
    with pytest.raises(ImportError) as caught, network_errors("name"):
        raise ImportError("Install this", name=name)
    assert str(caught.value).endswith(words)
    with pytest.raises(ImportError) as caught, network_errors("name"):
        raise ImportError("Install this") from ImportError("inner", name=name)
    assert str(caught.value).endswith(words)


def test_an_error_keeps_nothing_in_a_cycle(keeps_nothing):
    assert keeps_nothing(network_errors("http://server/file"))
