"""Reads the text files of libraries and technologies, in whatever encoding foundries use."""

import gzip
import re
import zlib
from pathlib import Path

_GZIP = b"\x1f\x8b"
_END_OF_DOS = b"\x1a"  # ends text files of DOS
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def read_source(path: Path) -> str:
    """Returns the text of a file, plain or gzipped, in UTF-8 or Latin-1, with lines that end in a line feed.

    Raises ValueError, naming the file, if it cannot be read or is not text.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    data = data.rstrip(_END_OF_DOS)
    strange = _NO_TEXT.search(data)
    if strange is not None:
        hint = ", as in UTF-16" if b"\0" in data else ""
        raise ValueError(
            f"{path} is not text in UTF-8 or Latin-1: byte {strange.start()} is 0x{strange.group().hex()}{hint}"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
