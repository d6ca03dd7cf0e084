"""What IDX files come in: raw, gzip, xz, bzip2 and zip files.

Each of raw, gzip, xz and bz2 offers ``read(source, request)`` and ``read_header(source)``;
`recognise` chooses among them. A `Payload` reads parts of a raw or gzip file that stays open.
"""
