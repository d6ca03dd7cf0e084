"""Where torchvision's files come from, and their MD5, as its classes list them.

Scripts read these lists, and replace them to name another server. Otherwise, a
download does not use them: `idxfast.datasets.fetch` has mirrors and hashes of its own.
"""

from __future__ import annotations

from .._shared import four_files

Resource = tuple[str, str]

MIRRORS = {
    "mnist": [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ],
    "fashion-mnist": ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
    "kmnist": ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
}
EMNIST_URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
EMNIST_MD5 = "58c8d27c78d21e728a6bc7b3cc06412e"

# In the order of the four files: training images and labels, test images and labels.
_MD5 = {
    "mnist": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion-mnist": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "kmnist": (
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
}
_QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
_QMNIST_MD5 = {
    "train": {
        "qmnist-train-images-idx3-ubyte.gz": "ed72d4157d28c017586c42bc6afe6370",
        "qmnist-train-labels-idx2-int.gz": "0058f8dd561b90ffdd0f734c6a30e5e4",
    },
    "test": {
        "qmnist-test-images-idx3-ubyte.gz": "1394631089c404de565df7b7aeaf9412",
        "qmnist-test-labels-idx2-int.gz": "5b5b05890a5e13444e108efe57b788aa",
    },
    "nist": {
        "xnist-images-idx3-ubyte.xz": "7f124b3b8ab81486c9d8c2749c17f834",
        "xnist-labels-idx2-int.xz": "5ed0e788978e45d4a8bd4b7caec3d79d",
    },
}


def resources(dataset: str) -> list[Resource]:
    """The names of the four files of a set, and their MD5."""
    names = (f"{name}.gz" for name in four_files.TRAIN + four_files.TEST)
    return list(zip(names, _MD5[dataset], strict=True))


def qmnist_resources() -> dict[str, list[Resource]]:
    """The URL of each file of QMNIST, and its MD5, by subset."""
    return {
        subset: [(_QMNIST + name, md5) for name, md5 in files.items()]
        for subset, files in _QMNIST_MD5.items()
    }
