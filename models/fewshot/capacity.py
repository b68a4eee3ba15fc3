"""Whether a few-shot training fits this machine's memory, told before anything is written."""

from collections.abc import Sequence

from torch import nn

from models.fewshot.augmentation.combination import Combination
from models.fewshot.config import FewShotConfig
from models.memory import check_fits

_BYTES = 4
_COPIES = {"fomaml": 2, "reptile": 3}  # weights and gradients; Reptile's Adam keeps a moment, too


def check_capacity(config: FewShotConfig, network: nn.Module, image_shape: tuple[int, int, int]) -> None:
    """Raises ValueError, naming the settings, if the images or the adapted weights of a batch exceed the memory."""
    images = config.tasks * config.trained_way * (config.shot + config.query)
    _check_images(images, image_shape, _shape_of_batch(config))
    if config.is_fine_tuned:
        weights = sum(weight.numel() for weight in network.parameters())
        check_fits(
            f"{config.learner} with the weights of {_tasks_at_once(config)} tasks at once (tasks is {config.tasks}, "
            f"inner_steps {config.inner_steps}, way_through_tasks {config.way_through_tasks}, chunk {config.chunk})",
            _BYTES * weights * _tasks_at_once(config) * _copies(config),
            "to train",
        )


def check_augmented_capacity(
    config: FewShotConfig, pool: Sequence[Combination], image_shape: tuple[int, int, int]
) -> None:
    """Raises ValueError, naming the settings, if the images of a batch exceed the memory after augmentation."""
    augmentation = config.augmentation
    candidates = augmentation.m if augmentation.is_pool and augmentation.select == "slot" else 1
    drawn = max(entry.classes for entry in pool) * (config.shot + config.query)
    made = candidates * (max(entry.copies for entry in pool) * config.shot + config.query)
    images = config.tasks * config.trained_way * max(drawn, made)
    about = f"{_shape_of_batch(config)}, copies {augmentation.copies}, m {augmentation.m}, select {augmentation.select}"
    _check_images(images, image_shape, about)


def _shape_of_batch(config: FewShotConfig) -> str:
    return f"tasks is {config.tasks}, way {config.trained_way}, shot {config.shot}, query {config.query}"


def _check_images(images: int, image_shape: tuple[int, int, int], about: str) -> None:
    channels, height, width = image_shape
    needed = _BYTES * images * channels * height * width
    check_fits(f"a batch of {images} images of {height} x {width} pixels ({about})", needed, "to train")


def _tasks_at_once(config: FewShotConfig) -> int:
    if config.weight_clustering:
        return config.tasks
    return 1 if config.way_through_tasks == "loop" else min(config.chunk or config.tasks, config.tasks)


def _copies(config: FewShotConfig) -> int:
    """Copies of a task's weights that are kept at once: second order MAML keeps those of every step."""
    return _COPIES.get(config.learner, 2 * config.inner_steps)
