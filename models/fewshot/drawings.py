"""Drawings: the same emoji by nine designers. A class is an emoji, its images are the designers' drawings of it."""

import io
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.sources import SplitBy
from models.files import write_arrays
from models.progress import Progress

PACKS = (
    "twemoji",
    "noto",
    "noto-v1",
    "openmoji",
    "emojione",
    "emojione-v1",
    "fluent-emoji",
    "fluent-emoji-flat",
    "fxemoji",
)
"""The designers: packages @iconify-json/NAME of the npm registry, under CC BY, CC BY-SA, Apache and MIT licences."""

_FEWEST_DESIGNERS = 7
_SIZE = 32
_SHARES = {"val": 0.15, "test": 0.25}  # of the classes, or of the categories
_VARIANT = re.compile(r"skin-tone|-tone-?\d|(^|-)(light|medium|dark)-skin|^flag|-flag$|^(light|dark)$")
_VIEW = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {width} {height}">{body}</svg>'


@dataclass(frozen=True)
class _Pack:
    """icons: SVG documents by the emoji's name without hyphens. categories: of the emoji."""

    icons: Mapping[str, str]
    categories: Mapping[str, str]


def render_drawings(packs: Path, out: Path, progress: Progress) -> int:
    """Renders the packages' drawings at 32 x 32 pixels on white into one npz file; returns their number.

    packs: folder with the unpacked packages, NAME/icons.json and NAME/metadata.json. Emoji that fewer than seven
    designers drew are left out, as are flags and skin tones. Needs resvg-py. Raises ValueError if a package is missing
    or damaged.
    """
    read = {name: _read_pack(packs / name) for name in PACKS}
    drawn_by: dict[str, list[str]] = defaultdict(list)
    for designer, pack in read.items():
        for name in pack.icons:
            drawn_by[name].append(designer)
    categories = {name: category for pack in reversed(read.values()) for name, category in pack.categories.items()}
    chosen = sorted(name for name, by in drawn_by.items() if len(by) >= _FEWEST_DESIGNERS and name in categories)
    images, classes, designers = [], [], []
    task = progress.task("rendering drawings", len(chosen))
    for index, name in enumerate(chosen):
        for designer in drawn_by[name]:
            images.append(_render(read[designer].icons[name]))
            classes.append(index)
            designers.append(PACKS.index(designer))
        task.advance()
    named = {"names": np.array(chosen), "categories": np.array([categories[name] for name in chosen])}
    write_arrays(out, {"images": np.stack(images), "classes": classes, "designers": designers, **named})
    return len(images)


def read_drawings(path: Path, seed: int = 0, by: SplitBy = "class", training_classes: int | None = None) -> FewShotData:
    """The drawings in a file that `render_drawings` wrote.

    by: whether the splits share no class, or no category, which makes test episodes those of another domain. seed:
    chooses which. training_classes: how many of the classes to train on, where splits are by class, the test split
    having those that are left; None for 60%, with 15% for validation. The group of a class is its category, the origin
    of an image its designer.

    Raises ValueError if the file is missing or damaged, or `training_classes` is more than 60% or goes by category.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            pixels, classes, designers = stored["images"], stored["classes"], stored["designers"]
            names, categories = stored["names"].tolist(), stored["categories"].tolist()
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
        counts = np.bincount(classes, minlength=len(names))
        if not (np.diff(classes) >= 0).all():
            raise ValueError("its classes are out of order")
        origins = tuple(np.array(PACKS)[designers].tolist())
        whole = ClassImages(images, tuple(counts.tolist()), tuple(names), tuple(categories), origins)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; `make drawings` writes it") from error
    except Exception as error:  # numpy and zipfile raise errors of many types on damaged files
        raise ValueError(f"{path} is no file of drawings, or damaged: {' '.join(str(error).split())}") from error
    units = sorted(set(categories)) if by == "category" else names
    order = torch.randperm(len(units), generator=torch.Generator().manual_seed(seed)).tolist()
    sizes = {split: max(1, round(share * len(units))) for split, share in _SHARES.items()}
    if training_classes is not None:
        sizes["test"] += _surplus(len(units) - sum(sizes.values()), training_classes, by)
    held_out = {units[index]: "test" for index in order[: sizes["test"]]}
    held_out |= {units[index]: "val" for index in order[sizes["test"] : sum(sizes.values())]}
    split_of = [held_out.get(unit, "train") for unit in (categories if by == "category" else names)]
    splits = {split: whole.select([one == split for one in split_of]) for split in ("train", "val", "test")}
    few = "" if training_classes is None else f", {training_classes} training classes"
    return FewShotData(f"drawings by {by}, split {seed}{few}", splits)


def _surplus(classes: int, wanted: int, by: SplitBy) -> int:
    """The classes of training that are not wanted."""
    if by != "class":
        raise ValueError(f"training_classes is {wanted}; it goes with splits by class, not by {by}")
    if not 1 <= wanted <= classes:
        raise ValueError(f"training_classes is {wanted}; allowed are 1 to {classes}")
    return classes - wanted


def _read_pack(folder: Path) -> _Pack:
    try:
        icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        bodies: dict[str, Any] = icons["icons"]
        aliases = {
            name: bodies[alias["parent"]]
            for name, alias in icons.get("aliases", {}).items()
            if alias.keys() == {"parent"} and alias["parent"] in bodies
        }
        view = {"left": 0, "top": 0, "width": icons["width"], "height": icons["height"]}
        documents = {
            _joined(name): _VIEW.format(**(view | icon)) for name, icon in (aliases | bodies).items() if _is_plain(name)
        }
        categories = {
            _joined(name): _spelled(category)
            for category, names in metadata.get("categories", {}).items()
            for name in names
        }
    except FileNotFoundError as error:
        raise ValueError(f"{folder} lacks icons.json or metadata.json of @iconify-json/{folder.name}") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} is no package of drawings, or damaged: {error}") from error
    return _Pack(documents, {name: one for name, one in categories.items() if one != "Flags"})


def _is_plain(name: str) -> bool:
    return _VARIANT.search(name) is None


def _joined(name: str) -> str:
    return name.replace("-", "")


def _spelled(category: str) -> str:
    """One spelling of the packages' names of categories."""
    return category.replace("&", " ").split()[0]


def _render(document: str) -> np.ndarray:
    """The drawing on white: (32, 32, 3), uint8."""
    try:
        import resvg_py
    except ImportError as error:
        raise ValueError("resvg-py renders the drawings; install it with: pip install 'wrapmac[drawings]'") from error
    rendered = bytes(resvg_py.svg_to_bytes(svg_string=document, width=_SIZE, height=_SIZE))
    picture = Image.open(io.BytesIO(rendered)).convert("RGBA").resize((_SIZE, _SIZE))
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))
