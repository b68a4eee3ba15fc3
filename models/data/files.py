"""The files of a data set, in a folder or in a tar archive."""

import os
import posixpath
import stat
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

_FOLDERS_OF_SYSTEMS = ("__MACOSX", "@eaDir", "lost+found")


class Files(Protocol):
    """Files and folders by their path below a folder or in an archive, with "/" between names; links are followed."""

    path: Path
    """The folder or archive."""

    def entries(self, folder: str) -> list[tuple[str, bool]]:
        """The names in a folder, sorted, and whether each is a folder; hidden ones are left out."""

    def place(self, folder: str) -> Hashable:
        """The same for two paths that links lead to one folder."""

    def is_broken(self, name: str) -> bool:
        """Whether this is a link that leads nowhere."""

    def open(self, name: str) -> BinaryIO:
        """A file, open. Raises ValueError, naming it, if it cannot be read."""


class Folder:
    """Files in a folder on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self, folder: str) -> list[tuple[str, bool]]:
        with os.scandir(self.path / folder) as found:
            return sorted((entry.name, _leads_to_folder(entry)) for entry in found if is_shown(entry.name))

    def place(self, folder: str) -> Hashable:
        status = (self.path / folder).stat()
        return status.st_dev, status.st_ino

    def is_broken(self, name: str) -> bool:
        path = self.path / name
        return path.is_symlink() and not path.exists()

    def open(self, name: str) -> BinaryIO:
        return open_file(self.path / name)


def open_file(path: Path) -> BinaryIO:
    """A file, open. Raises ValueError, naming it, if it is missing, a broken link or no regular file."""
    file_size(path)  # opening a named pipe would wait for ever
    try:
        return path.open("rb")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error


def file_size(path: Path) -> int:
    """The size of a file in bytes. Raises ValueError, naming it, if it is missing, a broken link or no regular file."""
    try:
        status = path.stat()
    except OSError as error:
        if path.is_symlink():
            raise ValueError(f"{path} is a link to {os.readlink(path)}, which does not exist") from error
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no regular file")
    return status.st_size


def walk(files: Files) -> Iterator[tuple[str, bool]]:
    """All paths, and whether each is a folder. Lists the content of a folder once, by whatever links it is reached."""
    seen = {files.place("")}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for name, is_folder in files.entries(folder):
            path = posixpath.join(folder, name)
            yield path, is_folder
            if is_folder and (place := files.place(path)) not in seen:
                seen.add(place)
                waiting.append(path)


def is_shown(name: str) -> bool:
    """Whether a file or folder of this name is part of a data set, rather than left by an operating system."""
    return not name.startswith(".") and name not in _FOLDERS_OF_SYSTEMS


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False
