"""What several loaders of `idxfast.compat` need.

- `files`: one IDX file, or images and their labels, as arrays.
- `four_files`: the four files of MNIST in a folder.
- `downloads`: the files of a published set, downloaded if they are missing.
- `emnist_archive`: EMNIST's zip file and the names in it.
- `classes`: the names of classes, in the forms that loaders show.
- `magic`: the magic number of a file that is refused.
- `ownership`: whether a file in a folder that users share is this user's own.
"""
