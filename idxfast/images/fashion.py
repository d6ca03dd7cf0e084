"""The conversion that made Fashion-MNIST, step by step; and a plain one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TypeAlias

from . import finishing, resampling, sharpening, trimming
from .pixels import Picture, Pixels, pixels_of

Step: TypeAlias = Callable[[Pixels], Pixels]
SizedStep: TypeAlias = Callable[[Pixels, int], Pixels]


def to_fashion(
    picture: Picture,
    *,
    size: int = 28,
    colour: bool = False,
    trim: Step | None = trimming.trim,
    resize: SizedStep | None = resampling.resize,
    sharpen: Step | None = sharpening.sharpen,
    extend: SizedStep | None = finishing.extend,
    negate: Step | None = finishing.negate,
    grey: Step = finishing.grey,
) -> Pixels:
    """Convert a picture as the pictures of Fashion-MNIST were converted.

    Each step is a function, which can be replaced by another or, with None, left out. A step gets
    the picture as an array of shape (height, width, 3), with levels from 0 to 255, and returns one.

    Parameters
    ----------
    picture : str, PathLike, PIL.Image.Image or array_like of uint8
        A path; an image of Pillow; or an array of shape (height, width), or of shape (height,
        width, channels) with 1 channel for grey, 3 for colours, or 4 for colours and opacity. What
        is transparent becomes white. The picture of a path is turned as its EXIF says.
    size : int
        The height and width of the result.
    colour : bool
        Leave out the last step, and return three channels.
    trim : callable, optional
        Cuts off the borders: ``trim(picture)``.
    resize : callable, optional
        Shrinks or enlarges the picture: ``resize(picture, size)``. If it is `resize` or `stretch`
        of `idxfast.images`, that function uses the filter that ImageMagick would choose.
    sharpen : callable, optional
        Sharpens outlines: ``sharpen(picture)``.
    extend : callable, optional
        Puts the picture on a square ground: ``extend(picture, size)``.
    negate : callable, optional
        Makes the ground dark: ``negate(picture)``. After this step, levels are rounded to uint8.
    grey : callable
        Turns uint8 of shape (size, size, 3) into uint8 of shape (size, size): ``grey(picture)``.

    Returns
    -------
    ndarray of uint8, shape (size, size), or (size, size, 3) with `colour`
        A blank picture becomes a record of zeros.

    Raises
    ------
    TypeError, ValueError
        If an array has another type or shape or no pixels, if the steps do not give `size` x `size`
        pixels, or if Pillow's mode of an image has no known range ("I" and "F").
    IdxError
        If a file is not a picture, or is damaged or too large.
    OSError
        If a file cannot be opened.
    ImportError
        If a path is given, and Pillow is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from idxfast import images
    >>> photograph = np.full((100, 80, 3), 255, np.uint8)
    >>> photograph[20:70, 30:50] = 0
    >>> images.to_fashion(photograph).shape
    (28, 28)
    >>> images.to_fashion(photograph, size=32, colour=True, sharpen=None).shape
    (32, 32, 3)
    """
    if size < 1:
        raise ValueError(f"size is {size}, not 1 or more")
    *_, (_, result) = each_step(
        *pixels_of(picture),
        size=size,
        trim=trim,
        resize=resize,
        sharpen=sharpen,
        extend=extend,
        negate=negate,
        grey=None if colour else grey,
    )
    return result


def plain(picture: Picture, *, size: int = 28, colour: bool = False) -> Pixels:
    """Resize a picture to `size` x `size` pixels, make it grey, and do no more.

    Parameters, result and errors are those of `to_fashion`. A picture that has this size and is
    grey already stays as it is.
    """
    return to_fashion(
        picture,
        size=size,
        colour=colour,
        trim=None,
        resize=resampling.stretch,
        sharpen=None,
        extend=None,
        negate=None,
    )


def each_step(
    pixels: Pixels,
    is_indexed: bool,
    *,
    size: int = 28,
    trim: Step | None = trimming.trim,
    resize: SizedStep | None = resampling.resize,
    sharpen: Step | None = sharpening.sharpen,
    extend: SizedStep | None = finishing.extend,
    negate: Step | None = finishing.negate,
    grey: Step | None = finishing.grey,
) -> Iterator[tuple[str, Pixels]]:
    """The picture as `pixels_of` reads it, and then after each step, with the step's name.

    The other parameters, and the errors, are those of `to_fashion`. The last picture is its result.
    """
    yield "picture", pixels
    if trim is not None:
        pixels = trim(pixels)
        yield "trim", pixels
    # A blank picture has no pixels after trimming; `extend` makes its ground.
    if resize is not None and pixels.size:
        if resize in (resampling.resize, resampling.stretch):
            resize = functools.partial(resize, is_indexed=is_indexed)
        pixels = resize(pixels, size)
        yield "resize", pixels
    if sharpen is not None and pixels.size:
        pixels = sharpen(pixels)
        yield "sharpen", pixels
    if extend is not None:
        pixels = extend(pixels, size)
        yield "extend", pixels
    last = "round"
    if negate is not None:
        pixels, last = negate(pixels), "negate"
    if pixels.shape[:2] != (size, size):
        height, width = pixels.shape[:2]
        raise ValueError(f"the steps give {width} x {height} pixels, not {size} x {size}")
    pixels = finishing.rounded(pixels)
    yield last, pixels
    if grey is not None:
        yield "grey", grey(pixels)
