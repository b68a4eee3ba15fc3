"""Zip archives, read into memory."""

import io
import posixpath
import zipfile
from collections.abc import Hashable
from pathlib import Path
from typing import BinaryIO

from models.data.files import is_shown

_LARGEST_MEMBER = 1 << 28  # bytes


class ZipFiles:
    """Files in a zip archive, read once. Raises ValueError, naming the archive, if it is damaged or cut short."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: dict[str, bytes] = {}
        self._children: dict[str, set[str]] = {"": set()}
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    self._add(member, archive)
        except Exception as error:  # zipfile and zlib raise errors of many types on damaged files
            raise ValueError(f"{path} is damaged, or not a zip archive: {' '.join(str(error).split())}") from error

    def entries(self, folder: str) -> list[tuple[str, bool]]:
        """See Files."""
        names = (name for name in self._children.get(folder, ()) if is_shown(name))
        return sorted((name, posixpath.join(folder, name) in self._children) for name in names)

    def place(self, folder: str) -> Hashable:
        """See Files."""
        return folder

    def is_broken(self, path: str) -> bool:
        """See Files; links in zip archives are files."""
        del path
        return False

    def open(self, name: str) -> BinaryIO:
        """See Files."""
        if name not in self._content:
            raise ValueError(f"{self.path / name} is missing, or no regular file")
        return io.BytesIO(self._content[name])

    def _add(self, member: zipfile.ZipInfo, archive: zipfile.ZipFile) -> None:
        name = posixpath.normpath(f"/{member.filename}").strip("/")
        inner = name
        while inner:
            outer, inner_name = posixpath.split(inner)
            self._children.setdefault(outer, set()).add(inner_name)
            inner = outer
        if member.is_dir():
            self._children.setdefault(name, set())
        elif member.file_size > _LARGEST_MEMBER:
            raise ValueError(f"{member.filename} claims {member.file_size} bytes; at most {_LARGEST_MEMBER} are read")
        else:
            self._content[name] = archive.read(member)  # checks the sum of its bytes
