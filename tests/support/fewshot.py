"""Small few-shot data sets of random images."""

import io
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.fewshot.class_images import ClassImages, FewShotData


def random_classes(name: str, counts: tuple[int, ...], *, groups: tuple[str, ...] = (), size: int = 4) -> ClassImages:
    """Classes NAME0, NAME1 ... of random colour images."""
    generator = torch.Generator().manual_seed(len(name) + sum(map(ord, name)))
    images = torch.randint(0, 256, (sum(counts), 3, size, size), dtype=torch.uint8, generator=generator)
    return ClassImages(images, counts, tuple(f"{name}{index}" for index in range(len(counts))), groups)


def random_data(classes: int = 7, images: int = 20, *, groups: tuple[str, ...] = ()) -> FewShotData:
    """A data set with as many classes in each split."""
    counts = (images,) * classes
    splits = {split: random_classes(split, counts, groups=groups) for split in ("train", "val", "test")}
    return FewShotData("random images", splits)


def drawing(seed: int, size: int = 105) -> bytes:
    """A picture of a black square on white at a random place, as a one-bit PNG."""
    paper = np.full((size, size), 255, dtype=np.uint8)
    row, column = np.random.default_rng(seed).integers(0, size - 25, 2)
    paper[row : row + 20, column : column + 20] = 0
    buffer = io.BytesIO()
    Image.fromarray(paper).convert("1").save(buffer, "png")
    return buffer.getvalue()


def omniglot_runs(runs: int = 20) -> dict[str, bytes]:
    """The files of Omniglot's official runs, of made-up drawings; a test picture equals that of its character."""
    chance, files = random.Random(0), {}
    for run in range(1, runs + 1):
        order = chance.sample(range(1, 21), 20)
        for item, character in enumerate(order, 1):
            picture = drawing(100 * run + character)
            files[f"run{run:02}/test/item{item:02}.png"] = files[f"run{run:02}/training/class{character:02}.png"] = (
                picture
            )
        lines = (
            f"run{run:02}/test/item{item:02}.png run{run:02}/training/class{character:02}.png\n"
            for item, character in enumerate(order, 1)
        )
        files[f"run{run:02}/class_labels.txt"] = "".join(lines).encode()
    return files


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
