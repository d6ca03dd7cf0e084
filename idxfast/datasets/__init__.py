"""Published data sets, by name, and sample digits drawn here."""

from . import catalogue, synthetic
from .facts import info
from .fetching import fetch
from .folder import find
from .loading import load

__all__ = ["catalogue", "fetch", "find", "info", "load", "synthetic"]
