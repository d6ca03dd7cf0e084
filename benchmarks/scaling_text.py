"""The text of SCALING.md around its tables, and what others have published."""

from __future__ import annotations

# MB/s of decompression without an index, 12 cores with two hardware threads each (AMD Ryzen 3900X).
RAPIDGZIP_THREADS = (1, 2, 6, 12, 24, 32)
RAPIDGZIP: dict[str, tuple[int, ...]] = {
    "base64, 3.0 GiB": (487, 839, 2365, 4116, 4974, 4612),
    "Silesia, 1.3 GiB": (630, 694, 1740, 1900, 2040, 2580),
}

PAGE = """\
# How `load` of a .gz scales

Written by `python benchmarks/scaling.py`, which measures all of it but the last section.
Machine: {machine}. idxfast {version}. Files: the train images of {source}.

One thread decodes the file from its start: it has the lead. Every other thread starts a *run* at
a block further on, and takes the 32 KiB before it, which it does not know, for zeros. The leader
goes on into a run until both have decoded the same last 32 KiB; from there on the run is right,
and it is adopted. So what is decoded twice is what comes before that place. Runs have memory of
their own, and are copied; the first one, if it can reach the end, stands in the result already.

## What each part costs

The best of several measurements, each part by itself, in memory that is warm unless it says
otherwise.

{costs}

## How long a run goes unconfirmed

From {starts} starts spread evenly over the file: so much has to be decoded until a run's last
32 KiB are right. It depends on the images and on who packed them.

{survival}

## The model

A simulation (`schedule.py`) follows the rules by which the threads share the work, with the costs
and the distances above. It knows nothing of what cores take from each other: memory bandwidth,
the interpreter's lock, a clock that slows down. The third line says how much that was for two
decoders side by side, without anything of idxfast's, in the same run; on a machine that is shared
it can be a whole core.

What is measured here is the best of many loads. The README's table has medians, and those include
what the host of a virtual machine takes to give it memory: the gain of a second thread is not the
same in both.

{check}

Speed on so many cores, relative to one core, by the model. `load` uses {most} threads at the
most unless `threads=` asks for more; beyond the cores of the machine that measured this, nothing
here has been tried. In the longer files all is as in the published ones except the length; what
survives to the end of a published file is there taken to survive as long as the longest that was
measured.

{model}

What keeps a short file from scaling: runs do not start less than {gap} MiB (packed) apart, and
the more of them there are, the larger is the share of each that is decoded twice. What keeps a long
one: a run stops after {span} MiB (unpacked), and waits to be adopted.

## rapidgzip

[rapidgzip](https://github.com/mxmlnkn/rapidgzip) decodes any gzip file on all cores, too, by
another method: its own decoder notes for each unknown byte where it comes from, and a second pass
puts in the values. Its README gives bandwidths for files without an index on 12 cores (24
hardware threads, AMD Ryzen 3900X). Relative to its own on one thread, they are:

{rapidgzip}

On 128 cores (two AMD EPYC 7702), its authors measured 8.7 GB/s for base64 data and 5.6 GB/s for
the Silesia corpus, 55 and 33 times the speed of GNU gzip on one core
(Knespel and Brunst, HPDC 2023, [doi:10.1145/3588195.3592992](https://doi.org/10.1145/3588195.3592992));
a later version came to 12 GB/s for Silesia. For FASTQ data, full of long copies, more than 64
cores gained nothing (README). All those files are larger than a data set of the MNIST family by
a factor of 50 and more, so the two tables do not measure the same thing; a comparison on the same
file and the same cores is in `ratios.py`.
"""
