"""Compressed files that are mapped, and the folder of the unpacked files."""

import os

import idxfast


def mapped(path, **options):
    return idxfast.load(path, mmap_mode="r", **options)


def names(cache, ending):
    return sorted(name for name in os.listdir(cache) if name.endswith(ending))


def check_is_tidy(cache, entries=1):
    assert len(names(cache, ".idx")) == entries
    assert {name.rpartition(".")[2] for name in os.listdir(cache)} == {"idx", "source"}
