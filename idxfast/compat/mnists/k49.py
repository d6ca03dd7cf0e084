"""Kuzushiji-49, which is published as .npz files, not as IDX."""

from __future__ import annotations

import os
from typing import ClassVar

import numpy as np

from ...errors import IdxError, printable
from ...storage.snapshot import Snapshot
from .._shared.files import Array
from .dataset import Dataset

# The most bytes of a file: more than the largest has when it is unpacked.
_LIMIT = 192 << 20


class K49(Dataset):
    """Kuzushiji-49, which is not downloaded. Else, it is used as `dataset.Dataset` is."""

    # The original's MD5 of each file. No other hash is published.
    _md5: ClassVar = {
        "k49-train-imgs.npz": "7ac088b20481cf51dcd01ceaab89d821",
        "k49-train-labels.npz": "44a8e1b893f81e63ff38d73cad420f7a",
        "k49-test-imgs.npz": "d352e201d846ce6b94f42c990966f374",
        "k49-test-labels.npz": "4da6f7a62e67a832d5eb1bd85c5ee448",
    }
    _files = tuple(_md5)
    classes: ClassVar = [
        "あ - a", "い - i", "う - u", "え - e", "お - o", "か - ka", "き - ki", "く - ku",
        "け - ke", "こ - ko", "さ - sa", "し - shi", "す - su", "せ - se", "そ - so", "た - ta",
        "ち - chi", "つ - tsu", "て - te", "と - to", "な - na", "に - ni", "ぬ - nu", "ね - ne",
        "の - no", "は - ha", "ひ - hi", "ふ - fu", "へ - he", "ほ - ho", "ま - ma", "み - mi",
        "む - mu", "め - me", "も - mo", "や - ya", "ゆ - yu", "よ - yo", "ら - ra", "り - ri",
        "る - ru", "れ - re", "ろ - ro", "わ - wa", "ゐ - i", "ゑ - e", "を - wo", "ん - n",
        "ゝ - iteration mark",
    ]  # fmt: skip

    def download(self, force: bool = False, verbose: bool = True) -> None:
        """Do nothing: the files have to be there."""

    def load(self, transpose: bool = False) -> None:
        """Load the four files. `transpose` has no effect, as in the original."""
        super().load()

    def _read(self, name: str) -> Array:
        path = os.path.join(self.target_dir, name)
        if not os.path.isfile(path):
            raise RuntimeError(f"{printable(self.target_dir)} has no {name}")
        from ...datasets import verifying

        # The bytes that are decoded are the ones that are verified.
        content = Snapshot(path, _LIMIT)
        expected, found = f"md5:{self._md5[name]}", verifying.hash_file(content, "md5")
        if found != expected:
            raise IdxError(
                "not the file of Kuzushiji-49",
                filename=path,
                offset=0,
                expected=expected,
                found=found,
            )
        content.seek(0)
        with np.load(content) as archive:
            array: Array = archive["arr_0"]
        return array
