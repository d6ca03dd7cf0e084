"""Pictures to IDX, as Fashion-MNIST was made, step by step; and images shown in a notebook."""

from .fashion import plain, to_fashion
from .finishing import extend, grey, negate
from .resampling import resize, stretch
from .sharpening import sharpen
from .showing import show
from .trimming import trim

__all__ = [
    "extend",
    "grey",
    "negate",
    "plain",
    "resize",
    "sharpen",
    "show",
    "stretch",
    "to_fashion",
    "trim",
]
