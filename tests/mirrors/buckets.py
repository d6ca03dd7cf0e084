"""A bucket of S3, on a server in this process that counts what it is asked for."""

import logging
import threading

import pytest

NAME = "idxfast"


class Bucket:
    """A bucket, reached by the address in the environment."""

    def __init__(self, application):
        from werkzeug.serving import make_server

        self._application = application
        self.requests = []  # each the method, the path and the header Range
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def _answer(self, environment, start):
        names = "REQUEST_METHOD", "PATH_INFO", "HTTP_RANGE"
        self.requests.append(tuple(environment.get(name) for name in names))
        return self._application(environment, start)

    def put(self, name, data):
        """Store an object; return its URL. What has been counted so far is forgotten."""
        import fsspec

        file_system = fsspec.filesystem("s3")
        file_system.makedirs(NAME, exist_ok=True)
        file_system.pipe_file(f"{NAME}/{name}", data)
        self.requests.clear()
        return f"s3://{NAME}/{name}"

    def remove(self, name):
        import fsspec

        fsspec.filesystem("s3").rm_file(f"{NAME}/{name}")


@pytest.fixture(scope="session")
def bucket():
    """Of the whole session, because file systems keep the address that they find first."""
    pytest.importorskip("s3fs")
    pytest.importorskip("flask")
    moto = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    bucket = Bucket(moto.DomainDispatcherApplication(moto.create_backend_app))
    thread = threading.Thread(target=bucket.server.serve_forever, args=(0.01,))
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", bucket.address)
        patch.setenv("AWS_ACCESS_KEY_ID", "name")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield bucket
    bucket.server.shutdown()
    thread.join()
    bucket.server.server_close()
