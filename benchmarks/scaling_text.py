"""The text of SCALING.md around its tables."""

from __future__ import annotations

PAGE = """\
# How `load` of a .gz scales

Written by `python benchmarks/scaling.py`, which measures everything but the last two sections.
Machine:
{machine}. idxfast {version}. Files: the training images of {source}.

DEFLATE is decoded in two phases ([DECODER.md](DECODER.md)). The first turns bits into symbols,
and needs nothing that comes before: any thread can decode the symbols of a *segment*, a part of
the stream that begins where a block starts. The second turns symbols into bytes. Matches copy
what comes before them, so the second phase follows in the order of the file, on one thread at a
time: the leader. Between two segments there is a gap. There the leader decodes blocks in both
phases at once, as one thread would, and comes to the next segment about when its symbols are ready.
Then only the copies of a segment are left to do. If the symbols are not ready, the leader decodes
them as well.

## What each part costs

The best of several measurements, each part by itself, in memory that is warm unless the table
says otherwise.

{costs}

*Both phases at once* is how one thread decodes: block after block, it makes the copies while the
block's symbols are in cache. *Symbols* and *copies* are the same two phases, one
segment of up to {step} KiB after the other.

One thread takes about 1.06 times the sum of decoding, reading, CRC-32 and fresh pages. Decoding
from chunks takes 1.02 to 1.03 times as long as from memory that holds the whole file, because the
end of each chunk is moved to the next one. Decoding with one call for each 256 KiB of output takes
1.01 times as long as with one call. Clearing a huge page may also drive the decoder's data from the
cache. Chunks and pieces of 512 instead of 256 KiB gain less than 1 %. Clearing pages 2, 8 or 16 MiB
ahead, or all at once, gains nothing. Without huge pages, a load takes 1.16 to 1.22 times as long.

## The model

A simulation (`schedule.py`) follows the rules by which the threads share the work, with the costs
above and the blocks of the real files. It leaves out that cores slow each other down: they
share memory bandwidth, the interpreter's lock, and a clock that may slow down. The third line of
the table shows that effect for two decoders of libdeflate side by side, in the same run. On a
shared machine, the effect can be as large as a whole core.

The measured times are the best of many loads. The table in [README.md](README.md) has medians,
which include the time that the host of a virtual machine takes to provide memory.

{check}

The model's result for each number of cores: the time in milliseconds, the speed as a multiple of
that on one core, and the time as a multiple of what `load` takes for the raw file (measured here,
on one thread or two, whichever was faster). `load` uses {most} threads at the most unless
`threads=` asks for more.
The model has not been compared with measurements on more cores than this machine has.

{model}

{eight}

## What limits it

Copies, CRC-32 and fresh pages are the leader's, however many threads decode symbols:

{serial}

So the time cannot fall below the first line. The symbols in the gaps, above all before the first
segment, come on top of that, however many cores there are.

A way beyond that limit is known but not built. The last 32 KiB of a segment can be found from
its symbols alone, as bytes or as places in the 32 KiB before it. Then only these windows follow
in order, which takes some microseconds a segment, and the copies themselves can be made on any
thread. In a prototype, this way took 9 to 17 ms more processor time for files of this size, so it
pays from about eight cores on.

## rapidgzip

[rapidgzip](https://github.com/mxmlnkn/rapidgzip) decodes any gzip file on all cores, too. Its
threads work in the way that the end of the previous section describes: they decode from where a
block starts, note for each unknown byte where it comes from, and put in the values in a second
pass. Its README
gives bandwidths for files without an index on 12 cores (24 hardware threads, AMD Ryzen 3900X): as
multiples of its own on one thread, 4.9 on 6 threads, 8.5 on 12 and 10.2 on 24 for base64 data of
3 GiB, and 2.8, 3.0 and 3.2 for the Silesia corpus of 1.3 GiB. Knespel and Brunst (HPDC 2023,
[doi:10.1145/3588195.3592992](https://doi.org/10.1145/3588195.3592992)) measured 8.7 and 5.6 GB/s
for them on 128 cores. These files are at least 50 times as large as a data set of the
MNIST family. `ratios.py` compares both on the same file and the same cores.
"""
