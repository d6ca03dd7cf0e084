"""Requests for ranges over HTTP and to S3, whose answers state an object's size and version."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from .identity import ObjectVersion

# How many requests are under way at once, for one call.
CONCURRENT = 16

# A range and the size of the whole, which is less than 2^63.
_CONTENT_RANGE = re.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")

Range: TypeAlias = tuple[int, int]
Answer: TypeAlias = tuple[bytes, ObjectVersion | None]


class NoRanges(Exception):
    """The server does not answer requests for ranges, or does not tell the size or the version."""


def request_ranges(file_system: Any, path: str, ranges: Sequence[Range]) -> list[Answer] | None:
    """Request ranges of an object, several at once; None if answers would not state a version.

    Raises
    ------
    NoRanges
        If an answer is not for the range that was asked for.
    """
    if is_http(file_system):
        get = _get_http
    elif _protocols(file_system) & {"s3", "s3a"} and hasattr(file_system, "_call_s3"):
        get = _get_s3
    else:
        return None
    return _gather(file_system, lambda start, stop: get(file_system, path, start, stop), ranges)


def is_http(file_system: Any) -> bool:
    """Whether a file system is fsspec's for HTTP."""
    return bool(_protocols(file_system) & {"http", "https"}) and hasattr(file_system, "set_session")


def _protocols(file_system: Any) -> set[str]:
    protocols = file_system.protocol
    return {protocols} if isinstance(protocols, str) else set(protocols)


async def _get_http(file_system: Any, path: str, start: int, stop: int) -> Answer:
    session = await file_system.set_session()
    options = {**file_system.kwargs}
    # A server that compresses would count the range in compressed bytes.
    options["headers"] = {
        **options.get("headers", {}),
        "Range": f"bytes={start}-{stop - 1}",
        "Accept-Encoding": "identity",
    }
    async with session.get(file_system.encode_url(path), **options) as response:
        if response.status == 416:
            return b"", None
        response.raise_for_status()
        range_ = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        encoding = response.headers.get("Content-Encoding", "identity")
        if response.status != 206 or range_ is None or encoding.lower() != "identity":
            raise NoRanges
        first, last, size = map(int, range_.groups())
        if first != start or last != min(stop, size) - 1:
            raise NoRanges
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
        # Without a tag, nothing would tell the next answer from one of another version.
        if not tag and last + 1 - first < size:
            raise NoRanges
        data = await response.content.readexactly(last + 1 - first)
        return data, ObjectVersion(size, tag.removeprefix("W/"))


async def _get_s3(file_system: Any, path: str, start: int, stop: int) -> Answer:
    bucket, key, version = file_system.split_path(path)
    options = {"VersionId": version} if version else {}
    try:
        response = await file_system._call_s3(
            "get_object", Bucket=bucket, Key=key, Range=f"bytes={start}-{stop - 1}", **options
        )
    except OSError as error:
        answer = getattr(error.__cause__, "response", {})
        if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == 416:
            return b"", None
        raise
    range_ = _CONTENT_RANGE.fullmatch(response.get("ContentRange", ""))
    async with response["Body"] as body:
        if range_ is None or int(range_[1]) != start or response["ContentLength"] > stop - start:
            raise NoRanges
        data = await body.read()
    return data, ObjectVersion(int(range_[3]), response.get("ETag", ""))


def _gather(
    file_system: Any, get: Callable[[int, int], Awaitable[Answer]], ranges: Sequence[Range]
) -> list[Answer]:
    """Request all ranges, several at once."""
    from fsspec.asyn import sync

    async def get_all() -> list[Answer]:
        # The session is made first. Otherwise, requests that begin together would make one each.
        await file_system.set_session()
        limit = asyncio.Semaphore(CONCURRENT)

        async def get_one(start: int, stop: int) -> Answer:
            async with limit:
                return await get(start, stop)

        tasks = [asyncio.ensure_future(get_one(*range_)) for range_ in ranges]
        try:
            return await asyncio.gather(*tasks)
        finally:
            # After an error, the other requests must not go on.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    answers: list[Answer] = sync(file_system.loop, get_all)
    return answers
