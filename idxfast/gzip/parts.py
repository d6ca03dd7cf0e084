"""Read parts of the stream of a gzip file, each from the seek point before it.

The points of the first pass are about a MiB apart. If only some of the data between two of them are
asked for, more points are made there, at each block unless the blocks are short.

A point holds the CRC-32 of the member's data before it. So the data that are decoded from one point
to the next are compared with the data that the first pass has verified. There is one exception: if
two points are very far apart, as where a very long block lies between them, data from between them
are used before the next point has been reached.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ..errors import GzipError, IdxError
from ..storage.kept import Kept
from ..storage.source import Source
from ..threads.count import choose_threads
from ..threads.ordered_map import Workers
from ..typing import Memory
from .decoder import PIECE, Decoder, Place
from .input_buffer import CHUNK, RESERVE
from .points import Gatherer, Point, Points, unpack_window
from .scanner import Scanner

# The least distance in bytes of the points that are made later. After each of them, 32 KiB are
# decoded once more, to see which bytes of the window they use.
FINE_SPACING = 32 << 10
# The points that are made later take at most 1/POINTS_PART of what may be kept.
POINTS_PART = 4
# A part is what lies between two points. A part of more bytes than this, as one with a very long
# block, is not decoded at once.
LONG_PART = 4 << 20
# Bytes of a piece of a long part.
STEP = 1 << 20


class Parts:
    """The unpacked stream of a gzip file whose points are known.

    Parameters
    ----------
    source : Source
    points : Points
    kept : Kept
        Keeps what is unpacked, under the positions of its start and end, and the points that are
        made here. These points may differ each time: where decoding pauses is not certain.
    threads : int, optional
        As for `GzipStream`; several are used for what spans several parts.
    """

    def __init__(
        self, source: Source, points: Points, kept: Kept, threads: int | None = None
    ) -> None:
        self._source = source
        self._points = points
        self._kept = kept
        self._threads = threads
        # The scanner that read a long part last, and the number of that part: the next read may
        # continue there. A thread takes the scanner out while it uses it.
        self._scanners: list[tuple[int, Scanner]] = []

    def pieces(self, start: int, stop: int) -> Generator[Memory, None, None]:
        """The stream between two positions, in order. It is known to be long enough.

        The pieces must not be written to. Parts that are asked for as a whole are not kept, but the
        parts at both ends of a long request are: whoever reads in order soon asks for the rest.

        Raises
        ------
        GzipError
            If the file has changed since the first pass.
        """
        position = start
        while position < stop:
            number = self._points.find(position)
            whole = self._count_whole_parts(number, position, stop)
            if whole:
                threads = choose_threads(self._threads) if whole > 1 else 1
                with Workers(threads) as workers:
                    for piece in workers.map(self._unpack_part, range(number, number + whole)):
                        position += len(piece)
                        yield piece
            else:
                first, piece = self._piece_at(number, position, stop - start)
                piece = piece[position - first : stop - first]
                position += len(piece)
                yield piece

    def _count_whole_parts(self, number: int, position: int, stop: int) -> int:
        """How many whole parts, none of them long, begin at a position and end by `stop`."""
        count = 0
        while position < stop:
            point, end = self._points[number + count]
            size = end.position - position
            if point.place.position < position or end.position > stop or size > LONG_PART:
                break
            position = end.position
            count += 1
        return count

    def _unpack_part(self, number: int) -> Memory:
        return self._unpack(*self._points[number])

    def piece_at(self, position: int) -> tuple[int, Memory]:
        """Where the piece of the stream that contains a position starts, and the piece.

        The piece must not be written to. Errors as in `pieces`.
        """
        return self._piece_at(self._points.find(position), position, 0)

    def _piece_at(self, number: int, position: int, wanted: int) -> tuple[int, Memory]:
        """As `piece_at`, for a position in part `number` and a request for `wanted` bytes."""
        point, end = self._points[number]
        size = end.position - point.place.position
        if size > LONG_PART:
            return self._scan(number, position)
        fine: dict[int, Points] = self._kept.get("points") or {}
        points = fine.get(number)
        if points is not None:
            point, end = points[points.find(position)]
        first = point.place.position
        piece: Memory | None = self._kept.get((first, end.position))
        if piece is None:
            # Whoever reads on finds the part that the last request has kept. Any other request may
            # begin in the middle of a part again, as those for blocks of rows do.
            if points is None and (wanted < size or position > first):
                return self._split(number)
            piece = self._unpack(point, end).copy()
            self._kept.put((first, end.position), piece, len(piece))
        return first, piece

    def _split(self, number: int) -> tuple[int, Memory]:
        """As `piece_at`, for a part without points inside: make them, and keep all the pieces.

        The whole part is returned. If the cache is too small for the pieces, whoever reads on would
        otherwise decode the part again for each of them.
        """
        point, end = self._points[number]
        start = point.place.position
        gatherer = Gatherer(FINE_SPACING, LONG_PART)
        memory = self._unpack(point, end, gatherer)
        points = Points(gatherer.points, end)
        self._keep_points(number, points)
        for part in range(len(points)):
            point, end = points[part]
            first = point.place.position
            piece = memory[first - start : end.position - start].copy()
            self._kept.put((first, end.position), piece, len(piece))
        return start, memory

    def _keep_points(self, number: int, points: Points) -> None:
        """Keep the points that were made in a part, and give up others if there are too many.

        All points are kept as one piece, which every read uses. If each part's points were a piece
        of their own, the data that are read would take their place. If another thread keeps points
        at the same time, those may be lost.
        """
        fine = {**(self._kept.get("points") or {}), number: points}
        nbytes = sum(points.nbytes for points in fine.values())
        while nbytes > self._kept.limit // POINTS_PART:
            nbytes -= fine.pop(next(iter(fine))).nbytes
        self._kept.put("points", fine, nbytes)

    def _unpack(self, point: Point, end: Place, gatherer: Gatherer | None = None) -> Memory:
        """The data between a point and a place.

        The window is just before the data in memory. The gatherer needs it there, and decoding
        a block of 64 KiB takes three times as long if the window is elsewhere.
        """
        window = unpack_window(point)
        origin = point.place.position - len(window)
        memory: Memory = np.empty(end.position - origin, np.uint8)
        memory[: len(window)] = window
        decoder = self._begin(point, end)
        decoder.write_to(memory, origin)
        self._advance(decoder, end, gatherer)
        return memory[len(window) :]

    def _begin(self, point: Point, end: Place) -> Decoder:
        decoder = Decoder(self._source)
        decoder.end_bit = end.bit
        size = (end.bit - point.place.bit) >> 3
        decoder.move_to(point.place, min(size, CHUNK) + RESERVE)
        return decoder

    def _advance(self, decoder: Decoder, end: Place, gatherer: Gatherer | None = None) -> None:
        """Decode up to a place, and compare the CRC-32 there."""
        try:
            while (left := end.bit - decoder.input.source_bit) >= 0:
                # An empty stored block has no bits after its header, where decoding may pause.
                if left == 0 and decoder.place is not None:
                    break
                block_stop, max_bytes = end.bit, PIECE
                if gatherer is not None:
                    block_stop = min(gatherer.visit(decoder), block_stop)
                    max_bytes = gatherer.spacing
                if not decoder.advance(max_bytes, block_stop=block_stop):
                    break
        except IdxError as error:
            raise self._changed(decoder) from error
        place = decoder.place
        if place is not None and not end.is_inside:
            # Padding and empty members that follow may have been read, too.
            place = place._replace(bit=end.bit, members=end.members)
            place = place._replace(member_position=end.member_position)
        if place != end:
            raise self._changed(decoder)

    def _scan(self, number: int, position: int) -> tuple[int, Memory]:
        """As `piece_at`, for a long part: all that comes before the piece is decoded, too."""
        point, end = self._points[number]
        start = point.place.position
        first = position - (position - start) % STEP
        stop = min(first + STEP, end.position)
        piece: Memory | None = self._kept.get((first, stop))
        if piece is None:
            piece = np.empty(stop - first, np.uint8)
            scanner = self._take_scanner(number, first)
            try:
                scanner.read_into(piece, first, end.bit)
            except IdxError as error:
                raise self._changed(scanner) from error
            if stop == end.position:
                self._advance(scanner, end)
            else:
                self._scanners[:] = [(number, scanner)]
            self._kept.put((first, stop), piece, len(piece))
        return first, piece

    def _take_scanner(self, number: int, position: int) -> Scanner:
        """A scanner inside a part that can still read from a position."""
        try:
            found, scanner = self._scanners.pop()
        except IndexError:
            pass
        else:
            if found == number and scanner.origin <= position:
                return scanner
        point, end = self._points[number]
        scanner = Scanner(self._source, end.position)
        scanner.end_bit = end.bit
        scanner.begin(point)
        return scanner

    def _changed(self, decoder: Decoder) -> GzipError:
        return GzipError(
            "the compressed data are not what they were when the file was first read",
            part="container",
            filename=self._source.name,
            offset=decoder.input.offset,
            position=decoder.position,
            expected="the data that have been verified",
            found="other data",
        )
