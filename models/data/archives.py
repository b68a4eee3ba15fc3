"""The files of a data set, from a folder or from a tar archive."""

import io
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol


class Files(Protocol):
    """Files by name, below a folder or in an archive."""

    path: Path

    def names(self) -> list[str]:
        """Every file, with its path inside, sorted."""

    def read(self, name: str) -> BinaryIO:
        """A file, open."""


def files_of(path: Path, what: str) -> Files:
    """The files of a folder or tar archive. Raises ValueError, saying that `what` was expected, if it is neither."""
    return _Archive(path) if path.is_file() else _Folder(path, what)


class _Folder:
    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        if not path.is_dir():
            raise ValueError(f"{path}: no such folder or archive with {what}")

    def names(self) -> list[str]:
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file())

    def read(self, name: str) -> BinaryIO:
        return io.BytesIO((self.path / name).read_bytes())


class _Archive:
    """A tar archive, compressed or not, read once and in order: seeking would decompress it again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: dict[str, bytes] = {}
        try:
            with tarfile.open(path) as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isfile() else None
                    if file is not None:
                        self._content[member.name] = file.read()
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged, or not a tar archive: {error}") from error

    def names(self) -> list[str]:
        return sorted(self._content)

    def read(self, name: str) -> BinaryIO:
        return io.BytesIO(self._content[name])
