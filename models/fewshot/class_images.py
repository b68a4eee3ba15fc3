"""Images by class: what episodes are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import Self

import numpy as np
import torch
from torch import Tensor

from models.data.sources import digest_of, normalised

SPLITS = ("train", "val", "test")
"""The splits of a data set. Models are chosen by classes in `val`; a data set may lack it."""


@dataclass(frozen=True)
class ClassImages:
    """The images of some classes.

    images: (count, channels, height, width), uint8; those of a class lie side by side. counts: images of each class.
    names: of the classes. groups: the group of each class, such as its alphabet; empty if there are none. origins: of
    each image, such as its designer; empty if there are none. turns: how many times each class is turned by 90 degrees
    from another one; empty if none is.

    Raises ValueError if the shapes do not fit together, a class has no images, or two classes share a name.
    """

    images: Tensor
    counts: tuple[int, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    turns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.images.dim() != 4 or self.images.dtype != torch.uint8:
            raise ValueError(
                f"images are {self.images.dtype} of shape {tuple(self.images.shape)}; 4 axes of uint8 needed"
            )
        if len(self.counts) != len(self.names) or sum(self.counts) != len(self.images) or not self.counts:
            raise ValueError(
                f"there are {len(self.images)} images, {sum(self.counts)} by class, and {len(self.names)} names "
                f"for {len(self.counts)} classes"
            )
        if min(self.counts) < 1:
            raise ValueError(f"class {self.names[self.counts.index(min(self.counts))]} has no images")
        if len(set(self.names)) < len(self.names):
            double = next(name for index, name in enumerate(self.names) if name in self.names[:index])
            raise ValueError(f"two classes are called {double}")
        if len(self.groups) not in (0, len(self.names)):
            raise ValueError(f"there are {len(self.groups)} groups for {len(self.names)} classes")
        if len(self.origins) not in (0, len(self.images)):
            raise ValueError(f"there are {len(self.origins)} origins for {len(self.images)} images")
        if len(self.turns) not in (0, len(self.names)):
            raise ValueError(f"there are {len(self.turns)} turns for {len(self.names)} classes")

    @classmethod
    def from_labels(cls, images: Tensor, labels: Sequence[int], names: Mapping[int, str]) -> Self:
        """Sorts images by class. labels: of the images. names: of the classes, by label."""
        numbers = np.asarray(labels)
        order = torch.from_numpy(np.argsort(numbers, kind="stable"))
        found, counts = np.unique(numbers, return_counts=True)
        return cls(images[order], tuple(counts.tolist()), tuple(names[label] for label in found.tolist()))

    def select(self, chosen: Sequence[bool]) -> Self:
        """The classes for which `chosen` is true. Raises ValueError if there are none."""
        if not any(chosen):
            raise ValueError("no class is left")
        of_images = np.repeat(chosen, self.counts)
        return replace(
            self,
            images=self.images[torch.from_numpy(of_images)],
            counts=tuple(compress(self.counts, chosen)),
            names=tuple(compress(self.names, chosen)),
            groups=tuple(compress(self.groups, chosen)),
            origins=tuple(compress(self.origins, of_images)),
            turns=tuple(compress(self.turns, chosen)),
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @property
    def is_turned(self) -> tuple[bool, ...]:
        """Whether each class is turned from another one."""
        return tuple(map(bool, self.turns)) or (False,) * len(self.names)

    @cached_property
    def offsets(self) -> np.ndarray:
        """The number of the first image of each class: (classes,), int64."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.int64)

    @cached_property
    def labels(self) -> Tensor:
        """The class of each image: (count,), int64, on the images' device."""
        return torch.arange(len(self.counts)).repeat_interleave(torch.tensor(self.counts)).to(self.images.device)

    @cached_property
    def image_digests(self) -> tuple[str, ...]:
        """Of each image."""
        pixels = self.images.flatten(1).contiguous().numpy(force=True)
        return tuple(digest_of([image.data]) for image in pixels)

    @cached_property
    def class_digests(self) -> tuple[str, ...]:
        """Of each class: depends on its images alone, not on their order."""
        single = self.image_digests
        parts = [sorted(single[first : first + count]) for first, count in zip(self.offsets, self.counts, strict=True)]
        return tuple(digest_of([" ".join(part).encode()]) for part in parts)

    def to(self, device: torch.device) -> Self:
        """The same with its images on `device`."""
        moved = replace(self, images=self.images.to(device))
        moved.__dict__.update(image_digests=self.image_digests)
        return moved


@dataclass(frozen=True)
class FewShotData:
    """A data set whose classes are split.

    name: for reports. splits: by the names in `SPLITS`; `val` may be missing. Images come out normalised with mean and
    standard deviation of the training classes' pixel values, per channel.

    Raises ValueError if `train` or `test` is missing, images of the splits differ in size, a class is in two splits,
    two classes have equal images, or the training images are constant in a channel.
    """

    name: str
    splits: Mapping[str, ClassImages]

    def __post_init__(self) -> None:
        for split in ("train", "test"):
            if split not in self.splits:
                raise ValueError(f"{self.name} lacks the split {split}")
        shapes = {split: classes.shape for split, classes in self.splits.items()}
        if len(set(shapes.values())) > 1:
            listed = ", ".join(f"{split} {shape}" for split, shape in shapes.items())
            raise ValueError(f"{self.name} has images of unequal size (channels, height, width): {listed}")
        self._check_classes()
        if min(self.std) == 0:
            raise ValueError(
                f"{self.name} cannot be normalised: channel {self.std.index(0)} has one value in all training images"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        return self.splits["train"].shape

    @cached_property
    def digest(self) -> str:
        """Tells data sets apart: 16 hexadecimal digits that depend on all classes and images."""
        parts = [
            f"{split} {name} {group} {digest}\n".encode()
            for split, classes in sorted(self.splits.items())
            for name, group, digest in zip(
                classes.names, classes.groups or classes.names, classes.class_digests, strict=True
            )
        ]
        return digest_of(parts)

    @cached_property
    def mean(self) -> tuple[float, ...]:
        """Mean of each channel, in pixel values."""
        return tuple(self._moments[0].tolist())

    @cached_property
    def std(self) -> tuple[float, ...]:
        """Standard deviation of each channel, in pixel values."""
        return tuple(self._moments[1].tolist())

    def split(self, name: str) -> ClassImages:
        """A split. Raises ValueError if the data set lacks it."""
        if name not in self.splits:
            raise ValueError(f"{self.name} has no split {name!r}; it has {', '.join(self.splits)}")
        return self.splits[name]

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 images (..., channels, height, width) as float32, minus the mean, divided by the deviation."""
        return normalised(images.reshape(-1, *self.shape), self.mean, self.std).view(images.shape)

    def to(self, device: torch.device) -> Self:
        """The same with its images on `device`."""
        moved = replace(self, splits={name: classes.to(device) for name, classes in self.splits.items()})
        moved.__dict__.update(digest=self.digest, mean=self.mean, std=self.std)
        return moved

    def normalised_by(self, mean: Sequence[float], std: Sequence[float]) -> Self:
        """The same with the mean and deviation of another data set's training classes."""
        other = replace(self)
        other.__dict__.update(digest=self.digest, mean=tuple(mean), std=tuple(std))
        return other

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each channel, from the counts of the 256 pixel values."""
        levels = torch.arange(256, dtype=torch.float64)
        channels = self.splits["train"].images.transpose(0, 1).flatten(1)
        counts = torch.stack([torch.bincount(channel, minlength=256) for channel in channels]).double().cpu()
        shares = counts / counts.sum(1, keepdim=True)
        mean = shares @ levels
        return mean, (shares @ levels.square() - mean.square()).clamp_min(0).sqrt()

    def _check_classes(self) -> None:
        seen_names: dict[str, str] = {}
        seen_images: dict[str, str] = {}
        for split, classes in self.splits.items():
            for name, digest in zip(classes.names, classes.class_digests, strict=True):
                if name in seen_names:
                    raise ValueError(f"{self.name}: class {name} is in {seen_names[name]} and in {split}")
                if digest in seen_images:
                    raise ValueError(f"{self.name}: classes {seen_images[digest]} and {name} have equal images")
                seen_names[name], seen_images[digest] = split, name
