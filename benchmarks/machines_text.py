"""The text of SCALING.md's section about several machines, around its tables."""

from __future__ import annotations

HEADING = "## Several machines, one bucket"

SECTION = (
    HEADING
    + """

Written by `python benchmarks/machines.py`, which measures the first table and calculates the
others. Dask's workers read every image once, from files in one bucket, in the chunks that
`idxfast.integrations.dask.from_idx` chooses.

### What a chunk costs

Measured with the training images of {source}, at a server of S3 on the same machine. The processor
time is that of the process that reads, and includes what s3fs needs for the requests.

{costs}

A contiguous chunk is requested in ranges of at most 8 MiB, several at once. A seekable file from
`save` lists its blocks at its end: 4 bytes for each 64 KB of payload, which each process reads when
it opens the file.

### The model

Assumed, not measured: a machine has {workers} workers with a core each, and a link of
{link:.0f} Gbit/s. An answer begins after {latency:.0f} ms, and then brings {connection:.0f} MB a
second, over as many connections as there are requests for a chunk. A worker waits for its chunk,
decodes it, and then asks for the next one. A worker that decodes an ordinary gzip file from its
start has the next bytes requested meanwhile. What is computed with the images is left out, and so
is the time of Dask's scheduler. Each cell has the requests and the bytes of all machines together,
and the seconds until the last one is done.

{plans}

### What follows

- **A seekable file** has a fifth of the raw file's bytes and is shared out as well. A third of the
  time of a chunk is waiting for the first byte, so a second thread for each worker, or larger
  chunks, would make it faster.
- **One ordinary gzip file** cannot be shared out. Each worker makes a pass over all of it before it
  reads its chunks, so more machines fetch more bytes and save little time.
- **Many ordinary gzip files** are shared out as well as chunks, as long as there are many more
  files than workers.
- **Larger files** need no more requests for a chunk. Only the list of the blocks of a seekable file
  grows: for 100 GB, it has 6 MB.
"""
)
