"""What IDX files come in: raw, gzip, xz, bzip2, Zstandard, zip and tar files.

Each of raw, gzip, xz, bz2, zst, zip, tar and packed_tar (compressed tar files) offers
``read(source, request)`` and ``read_header(source)``. `simple` chooses among the first five, and
`recognise` among all. A `Payload` reads parts of a raw or gzip file that stays open.
"""
