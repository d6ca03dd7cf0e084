"""How the studies' pictures look."""

from __future__ import annotations

from typing import Any

# Of medium lightness, legible on white and on black.
TEXT = "#7b838c"


def style(name: str) -> dict[Any, Any]:
    """Return matplotlib's parameters for a picture; the same data give the same file."""
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": TEXT,
        "axes.labelcolor": TEXT,
        "axes.edgecolor": TEXT,
        "xtick.color": TEXT,
        "ytick.color": TEXT,
    }
