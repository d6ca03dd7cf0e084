"""Open a picture file with Pillow. The file may be damaged or hostile."""

from __future__ import annotations

import os
from typing import Any

from ..errors import IdxError
from ..storage.regular import open_regular
from .pillow import import_pillow

# The formats, most frequent first, and the endings of their files. Pillow knows more, but runs
# another program for some of them, such as Ghostscript for EPS.
_FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k"),
    "TGA": (".tga",),
}
# Where Pillow keeps EXIF, as bytes or as twice as many digits, and up to which length it is looked
# at: that of a JPEG's. Older versions of Pillow make gigabytes from larger EXIF that is hostile.
_EXIF = ("exif", "Raw profile type exif")
_MAX_EXIF = 1 << 17
ENDINGS = tuple(ending for endings in _FORMATS.values() for ending in endings)


def open_picture(path: str | os.PathLike[str]) -> Any:
    """Open a picture file, and decode all of it. Of several pictures in a file, the first is taken.

    If EXIF says that the camera was held sideways or upside down, the picture is turned.

    Parameters
    ----------
    path : str or PathLike

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ImportError
        If Pillow is not installed.
    IdxError
        If the file is not a picture, is damaged, or has more pixels than Pillow's limit,
        ``PIL.Image.MAX_IMAGE_PIXELS``.
    OSError
        If the file cannot be opened, or is not a regular file.
    """
    Image: Any = import_pillow("Image")
    name = os.fspath(path)
    with open_regular(path) as file:
        try:
            image = _open(Image, file)
            limit, (width, height) = Image.MAX_IMAGE_PIXELS, image.size
            # Pillow only warns up to twice the limit.
            if limit is not None and width * height > limit:
                raise Image.DecompressionBombError(f"{width} x {height}")
            image.load()
            # EXIF and XMP are in `info`; a TIFF, whose own tags count, always has something there.
            info = image.info
            if info and not any(len(info.get(key, "")) > _MAX_EXIF for key in _EXIF):
                _turn_upright(image)
        except MemoryError:
            raise
        except Image.DecompressionBombError as error:
            raise IdxError(
                "the picture has more pixels than PIL.Image.MAX_IMAGE_PIXELS",
                filename=name,
                expected=f"at most {Image.MAX_IMAGE_PIXELS:,}",
                found=str(error),
            ) from error
        except Image.UnidentifiedImageError as error:
            raise IdxError("not a picture of a known format", filename=name) from error
        except Exception as error:
            # Pillow's decoders raise errors of many types for damaged files.
            raise IdxError(f"the picture is damaged: {error}", filename=name) from error
    return image


def _open(Image: Any, file: Any) -> Any:
    """Open a picture of one of the formats, without reading its pixels."""
    Image.preinit()  # imports the decoders of the common formats, the first time
    common = [name for name in _FORMATS if name in Image.OPEN]
    try:
        return Image.open(file, formats=common)
    except Image.UnidentifiedImageError:
        # To import all decoders takes 50 ms, the first time.
        Image.init()
        known = [name for name in _FORMATS if name in Image.OPEN and name not in common]
        if not known:
            raise
        file.seek(0)
        return Image.open(file, formats=known)


def _turn_upright(image: Any) -> None:
    """Turn a picture as EXIF says, as programs do that show pictures."""
    try:
        import_pillow("ImageOps").exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:
        # Pillow raises errors of many types for damaged EXIF. The pixels are undamaged.
        return
