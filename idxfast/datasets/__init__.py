"""Images and labels to try the package on."""

from . import synthetic

__all__ = ["synthetic"]
