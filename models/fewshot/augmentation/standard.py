"""What all learners train with before any other augmentation: flips, crops and colour jitter of every image."""

import torch
from torch import Tensor

from models.data.fitting import LUMA
from models.fewshot.augmentation.changes import beside
from models.fewshot.augmentation.colours import WHITE, PixelValues
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.shots import crop
from models.fewshot.augmentation.soft_episode import SoftEpisode, SpareClasses

_JITTER = 0.4


def standard_episode(episode: SoftEpisode, draws: TaskDraws, pixels: PixelValues) -> SoftEpisode:
    """The episode with all of its images changed by `standard`, spare ones included."""
    spare = episode.spare and SpareClasses(
        standard(episode.spare.support, draws.named("spare support"), pixels),
        standard(episode.spare.query, draws.named("spare query"), pixels),
    )
    support = standard(episode.support, draws.named("support"), pixels)
    return episode._replace(support=support, query=standard(episode.query, draws.named("query"), pixels), spare=spare)


def standard(images: Tensor, draws: TaskDraws, pixels: PixelValues) -> Tensor:
    """Images (tasks, way, n, channels, height, width), each cropped, jittered in colour and mirrored by chance.

    The crop moves by up to 4 pixels, brightness, contrast and saturation change by up to 0.4 in this order, and half of
    the images are mirrored (dissertation 6.3.3; extents of the published code).
    """
    count = images.shape[1:3]
    values = pixels.to_pixels(crop(images, draws, "image"))
    _jitter(values, draws, count)
    _mirror(values, draws.happens("mirrored", 0.5, *count))
    return pixels.from_pixels(values)


def _jitter(values: Tensor, draws: TaskDraws, count: torch.Size) -> None:
    """Changes the colours in place: passes over fresh memory would take several times as long."""
    strengths = draws.between("jitter", 1 - _JITTER, 1 + _JITTER, *count, 3)
    brightness, contrast, saturation = (beside(one.to(values.dtype), values) for one in strengths.unbind(-1))
    values.mul_(brightness).clamp_(0, WHITE)
    grey = _grey(values)
    grey.copy_(grey.mean((-2, -1), keepdim=True))
    torch.lerp(grey, values, contrast, out=values).clamp_(0, WHITE)
    torch.lerp(_grey(values), values, saturation, out=values).clamp_(0, WHITE)


def _mirror(values: Tensor, mirrored: Tensor) -> None:
    """Mirrors some images (tasks, way, n) in place."""
    places = tuple(place.to(values.device, non_blocking=True) for place in mirrored.nonzero(as_tuple=True))
    values[places] = values[places].flip(-1)


def _grey(values: Tensor) -> Tensor:
    """One channel of brightness."""
    if values.shape[-3] != len(LUMA):
        return values.mean(-3, keepdim=True)
    red, green, blue = (values.narrow(-3, channel, 1) * weight for channel, weight in enumerate(LUMA))
    return red.add_(green).add_(blue)
