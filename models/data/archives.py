"""Tar archives, plain or compressed, read into memory."""

import io
import posixpath
import tarfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any, BinaryIO, Self

from models.data.files import Files, Folder, is_shown

_LARGEST_MEMBER = 1 << 28  # bytes; CIFAR-10's batches have 31 million
_MOST_LINKS = 40  # that lead to one file
_CHUNK = 1 << 20


def folder_or_archive(path: Path, content: str) -> Files:
    """The files of a folder or tar archive that should hold `content`. Raises ValueError if it is neither."""
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Archive(path)
    raise ValueError(f"{path}: no such folder or archive with {content}")


class Archive:
    """Files in a tar archive, in any compression that Python's tarfile reads. Read once and in order.

    Of several members with one name the last counts.

    Raises ValueError, naming the archive, if it is damaged, also if it ends early.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        self._children: dict[str, set[str]] = {"": set()}
        try:
            with tarfile.open(path, tarinfo=_Header) as archive:
                for member in archive:
                    self._add(member, archive)
                _check_rest(archive)
        except MemoryError as error:
            raise ValueError(f"{path} is damaged, or larger than the memory") from error
        except Exception as error:  # tarfile and the decompressors raise errors of many types on damaged files
            if isinstance(error, OSError) and error.strerror:  # of the file system, not of a decompressor
                raise ValueError(f"{path} cannot be read: {error.strerror}") from error
            kinds = ", ".join(tarfile.TarFile.OPEN_METH)
            raise ValueError(f"{path} is damaged, or not a tar archive ({kinds})") from error

    def entries(self, folder: str) -> list[tuple[str, bool]]:
        """See Files."""
        place = self._resolved(folder)
        names = (name for name in self._children.get(place, ()) if is_shown(name))
        return sorted((name, self._resolved(posixpath.join(place, name)) in self._children) for name in names)

    def place(self, folder: str) -> Hashable:
        """See Files."""
        return self._resolved(folder)

    def is_broken(self, name: str) -> bool:
        """See Files."""
        place = self._resolved(name)
        is_link = place != _normal(name) or place in self._links
        return is_link and place not in self._content and place not in self._children

    def open(self, name: str) -> BinaryIO:
        """See Files."""
        content = self._content.get(self._resolved(name))
        if content is None:
            raise ValueError(
                f"{self.path / name} is a broken link, no regular file, or larger than {_LARGEST_MEMBER >> 20} MiB"
            )
        return io.BytesIO(content)

    def _add(self, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        name = _normal(member.name)
        inner = name
        while inner:
            outer, inner_name = posixpath.split(inner)
            self._children.setdefault(outer, set()).add(inner_name)
            inner = outer
        linked = self._content.get(self._resolved(member.linkname)) if member.islnk() else None
        self._content.pop(name, None)
        self._links.pop(name, None)
        if member.isdir():
            self._children.setdefault(name, set())
        elif member.issym():
            self._links[name] = member.linkname
        elif linked is not None:
            self._content[name] = linked
        elif member.islnk():
            self._links[name] = f"/{member.linkname}"
        elif member.size <= _LARGEST_MEMBER and (file := archive.extractfile(member)) is not None:
            self._content[name] = file.read()

    def _resolved(self, name: str) -> str:
        """The path of the file or folder that links lead to; a link in a circle leads nowhere, to a path of its own."""
        found: list[str] = []
        waiting = name.split("/")[::-1]
        followed = 0
        while waiting:
            step = waiting.pop()
            if step == "..":
                found = found[:-1]
            elif step not in ("", "."):
                found.append(step)
            target = self._links.get("/".join(found))
            if target is not None and followed < _MOST_LINKS:
                followed += 1
                found = [] if target.startswith("/") else found[:-1]
                waiting += target.split("/")[::-1]
        return "/".join(found)


class _Header(tarfile.TarInfo):
    """A member's header. Where one is damaged or missing, tarfile would take it for the end of the archive."""

    @classmethod
    def fromtarfile(cls, tarfile_: Any) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


def _check_rest(archive: tarfile.TarFile) -> None:
    """Reads to the end of the file, where the checksums of compressed archives are."""
    if archive.fileobj is not None:
        while archive.fileobj.read(_CHUNK):
            pass


def _normal(name: str) -> str:
    return posixpath.normpath(f"/{name}").strip("/")
