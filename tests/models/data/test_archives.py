"""Tar archives as users have them, and damaged ones."""

import io
import tarfile
from pathlib import Path

import pytest
import torch

from models.data.archives import Archive
from models.data.cifar import cifar10
from tests.support.pictures import archived, write_pictures

ENDINGS = ("tar", "tar.gz", "tar.bz2", "tar.xz")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_compression_is_read(ending: str, folder: Path) -> None:
    expected = cifar10(folder)
    data = cifar10(archived(folder, folder.parent / f"data.{ending}"))
    assert data.classes == expected.classes
    assert torch.equal(data.train.images, expected.train.images)
    assert torch.equal(data.test.images, expected.test.images)


@pytest.mark.parametrize("ending", ENDINGS)
def test_archives_that_are_cut_are_refused_in_one_line(ending: str, folder: Path) -> None:
    path = archived(folder, folder.parent / f"data.{ending}")
    content = path.read_bytes()
    # Plain archives end in more zeros than they need; the cuts between members lie at multiples of 512 bytes.
    end = len(content.rstrip(b"\0")) if ending == "tar" else len(content) - 1
    for length in (0, 1, 300, 512, 1024, *range(512, end, end // 9 // 512 * 512 or 99), end):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=rf"data\.{ending} is damaged, or not a tar archive") as caught:
            cifar10(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_a_flipped_byte_of_a_compressed_archive_is_noticed_wherever_it_is(ending: str, folder: Path) -> None:
    path = archived(folder, folder.parent / f"data.{ending}")
    content = path.read_bytes()
    for place in range(20, len(content) - 16, len(content) // 25):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        with pytest.raises(ValueError, match=rf"data\.{ending} is damaged") as caught:
            cifar10(path)
        assert "\n" not in str(caught.value)


def test_a_damaged_header_does_not_end_a_plain_archive(folder: Path) -> None:
    path = archived(folder, folder.parent / "data.tar")
    with tarfile.open(path) as archive:
        last = archive.getmembers()[-1].offset
    content = bytearray(path.read_bytes())
    content[last] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"data\.tar is damaged"):
        cifar10(path)


def write_members(path: Path, *members: tuple[str, bytes, dict[str, object]]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content, fields in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[str, bytes, dict[str, object]]:
    return name, b"", {"type": kind, "linkname": target}


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("../pool/x.png", tarfile.SYMTYPE),
        ("./..//pool/./x.png", tarfile.SYMTYPE),
        ("pool/x.png", tarfile.LNKTYPE),
        ("./pool/x.png", tarfile.LNKTYPE),
        ("../link/x.png", tarfile.SYMTYPE),
        ("../chain", tarfile.SYMTYPE),
    ],
)
def test_links_are_followed(target: str, kind: bytes, tmp_path: Path) -> None:
    path = write_members(
        tmp_path / "a.tar",
        link("link", "pool"),
        link("chain", "link/x.png"),
        ("./pool/x.png", b"content", {}),
        link("a/0.png", target, kind),
    )
    files = Archive(path)
    assert files.open("a/0.png").read() == b"content"
    assert files.entries("") == [("a", True), ("chain", False), ("link", True), ("pool", True)]
    assert files.entries("link") == [("x.png", False)]


FILE, LINK = ("a/0.png", b"content", {}), link("a/0.png", "1.png")
OTHER = ("a/1.png", b"other", {})
SELF, HARD = link("a/0.png", "a/0.png", tarfile.LNKTYPE), link("a/0.png", "a/1.png", tarfile.LNKTYPE)


@pytest.mark.parametrize(
    ("members", "content"),
    [
        ([link("a/0.png", "none"), FILE], b"content"),
        ([OTHER, LINK, FILE], b"content"),
        ([OTHER, FILE, LINK], b"other"),
        ([OTHER, FILE, HARD], b"other"),
        ([FILE, SELF], b"content"),
        ([OTHER, HARD, ("a/1.png", b"later", {})], b"other"),
        ([link("a", "none"), ("a", b"", {"type": tarfile.DIRTYPE}), FILE], b"content"),
    ],
    ids=["mended", "file last", "link last", "hard link last", "link to itself", "target changed", "folder last"],
)
def test_the_last_member_of_a_name_counts(
    members: list[tuple[str, bytes, dict[str, object]]], content: bytes, tmp_path: Path
) -> None:
    files = Archive(write_members(tmp_path / "a.tar", *members))
    assert not files.is_broken("a/0.png")
    assert files.open("a/0.png").read() == content


@pytest.mark.parametrize("last", [tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_file_that_another_kind_follows_is_gone(last: bytes, tmp_path: Path) -> None:
    files = Archive(write_members(tmp_path / "a.tar", FILE, ("a/0.png", b"", {"type": last})))
    with pytest.raises(ValueError, match="no regular file"):
        files.open("a/0.png")


@pytest.mark.parametrize("name", ["a/0.png", "./a/0.png", "/a/0.png", "a/b/../0.png", "a//0.png"])
def test_names_are_those_below_the_archive(name: str, tmp_path: Path) -> None:
    files = Archive(write_members(tmp_path / "a.tar", (name, b"content", {})))
    assert files.entries("") == [("a", True)]
    assert files.open("a/0.png").read() == b"content"


def huge(folder: Path) -> Path:
    """A member that claims a terabyte, of which the archive holds nothing."""
    path = folder / "huge.tar"
    info = tarfile.TarInfo("train/a/0.png")
    info.size = 1 << 40
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    return path


def sparse(folder: Path) -> Path:
    """A sparse member that claims a terabyte of zeros."""
    pax = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(1 << 40), "GNU.sparse.name": "train/a/0.png"}
    path = write_members(folder / "sparse.tar", ("train/a/0.png", b"", {"pax_headers": pax}))
    return path


def test_a_member_that_claims_a_terabyte_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"huge\.tar is damaged"):
        Archive(huge(tmp_path))


def test_a_sparse_member_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    files = Archive(sparse(tmp_path))
    with pytest.raises(ValueError, match=r"sparse\.tar/train/a/0\.png is a broken link, .* or larger than 256 MiB"):
        files.open("train/a/0.png")


def test_many_long_names_in_a_row_are_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_LONGNAME
    (tmp_path / "deep.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) * 5000)
    with pytest.raises(ValueError, match=r"deep\.tar is damaged"):
        Archive(tmp_path / "deep.tar")


def test_devices_and_pipes_hold_no_content(tmp_path: Path) -> None:
    files = Archive(write_members(tmp_path / "a.tar", ("a/0.png", b"", {"type": tarfile.FIFOTYPE})))
    with pytest.raises(ValueError, match=r"a\.tar/a/0\.png is a broken link, no regular file"):
        files.open("a/0.png")


def test_an_archive_that_may_not_be_read_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_members(tmp_path / "a.tar", ("a/0.png", b"content", {}))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(tarfile, "open", refuse)
    with pytest.raises(ValueError, match=r"a\.tar cannot be read: Permission denied"):
        Archive(path)


def test_a_header_that_asks_for_more_than_the_memory_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type = tarfile.XHDTYPE
    info.size = 1 << 60
    (tmp_path / "huge.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(ValueError, match=r"huge\.tar is damaged, or larger than the memory"):
        Archive(tmp_path / "huge.tar")
