"""More shots: copies of support images, each changed in its own way."""

import torch
from torch import Tensor

from models.data.transforms import shifted
from models.fewshot.augmentation.changes import Change, Each, ImageChange, draws_shape
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.names import Mode
from models.fewshot.augmentation.soft_episode import SoftEpisode

_PADDING = 4


def copying(change: ImageChange, copies: int) -> dict[Mode, Change]:
    """Adds changed copies of each support image, with its label. copies: of an image in all, itself included."""

    def apply(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        images = episode.support
        shape = images.shape[:2]
        copied = images.repeat(1, 1, copies - 1, *[1] * (images.dim() - 3))
        labels = torch.unflatten(episode.support_labels, 1, (shape[1], -1)).repeat(1, 1, copies, 1).flatten(1, 2)
        return episode._replace(support=torch.cat([images, change(copied, draws, "image")], 2), support_labels=labels)

    return {"shot": Change(apply=apply, copies=copies)}


def flip(images: Tensor, draws: TaskDraws, each: Each) -> Tensor:
    """All images mirrored left to right."""
    del draws, each
    return images.flip(-1)


def crop(images: Tensor, draws: TaskDraws, each: Each, padding: int = _PADDING) -> Tensor:
    """Images moved by up to `padding` pixels; what comes from outside is 0, the mean colour of normalised images."""
    offsets = draws.below("offset", 2 * padding + 1, *draws_shape(images, each), 2)
    of_images = offsets.to(images.device, non_blocking=True).expand(*images.shape[:3], 2)
    return shifted(images.flatten(0, 2), of_images.flatten(0, 2), padding).view(images.shape)
