"""Published data sets, by name, and sample digits drawn here."""

from . import catalogue, synthetic
from .fetching import fetch
from .loading import load

__all__ = ["catalogue", "fetch", "load", "synthetic"]
