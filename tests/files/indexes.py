"""Arrays of any shape, each with an index that numpy takes for it."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays


@st.composite
def arrays_and_indexes(draw):
    shape = draw(arrays.array_shapes(max_dims=4, min_side=0, max_side=6))
    array = np.arange(np.prod(shape)).reshape(shape).astype("i4")
    kind = draw(st.sampled_from(["basic", "integers", "mask"]))
    if kind == "basic":
        return array, draw(arrays.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    if kind == "integers" and 0 not in shape:
        return array, draw(arrays.integer_array_indices(shape))
    return array, draw(arrays.arrays(bool, shape[: draw(st.integers(1, len(shape)))]))
