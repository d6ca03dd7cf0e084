"""Adapters to frameworks: `torch`, `dask` and `xarray`, a module for each.

Import a module by its name, as in ``from idxfast.integrations.torch import IdxDataset``. Its
framework has to be installed.
"""
