"""The learners by name: their networks, their training, their evaluation."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import nn

from models.backbones.encoder import Encoder, EncoderOptions, pooled_pixels, with_classifier
from models.backbones.encoders import build_encoder
from models.fewshot.adaptive import AdaptiveTraining
from models.fewshot.augmentation.adaptive import AugmentedAdaptiveTraining
from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.checks import check_data
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.training import AugmentedTraining, classes_of
from models.fewshot.augmentation.turned_episodes import turned_episodes
from models.fewshot.capacity import check_augmented_capacity
from models.fewshot.class_images import FewShotData
from models.fewshot.class_pairs import ClassPairs
from models.fewshot.classical import ClassicalTraining, EncoderWithClassifier, Regularizer
from models.fewshot.confidence.dense import DenseClassifier
from models.fewshot.confidence.network import ConfidenceEncoder
from models.fewshot.confidence.training import ConfidenceTraining
from models.fewshot.config import FewShotConfig
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.episodic import EpisodicTraining, LearntScale, Validation
from models.fewshot.evaluators import HEADS
from models.fewshot.inner import How
from models.fewshot.measures import feature_clustering, hyperplane_variation
from models.fewshot.pools.episodes import PooledEpisodes
from models.fewshot.recipes import adaptation_of, optimizer_settings
from models.fewshot.settings import RegularizerName
from models.training.method import Method

REGULARIZERS: Mapping[RegularizerName, Regularizer | None] = {
    "none": None,
    "feature-clustering": feature_clustering,
    "hyperplane-variation": hyperplane_variation,
}

_IMAGES_IN_A_PAIR = 4
_POOLS_OF_A_MAP = 4  # of all encoders whose features are one map


def build_network(config: FewShotConfig, image_shape: tuple[int, int, int]) -> nn.Module:
    """The learner's network with its initial weights: an encoder, with a classifier if the whole is fine-tuned."""
    options = EncoderOptions(
        image_shape=image_shape, width=config.width, batch_norm=config.batch_norm, seed=config.seed
    )
    encoder = build_encoder(config.encoder, options)
    if config.learner == "mct":
        return ConfidenceEncoder(encoder, config.seed)
    return with_classifier(encoder, config.way, config.seed) if config.is_fine_tuned else encoder


def build_method(config: FewShotConfig, network: nn.Module, data: FewShotData, validation: Validation | None) -> Method:
    """The training of a network as the configuration says. Raises ValueError if the data has too few classes."""
    if config.is_fine_tuned:
        return _adaptive(config, network, data, validation)
    if config.learner == "mct":
        return _confidence(config, cast(ConfidenceEncoder, network), data, validation)
    encoder = cast(Encoder, network)
    return (_classical if config.learner == "classical" else _episodic)(config, encoder, data, validation)


def _episodic(config: FewShotConfig, encoder: Encoder, data: FewShotData, validation: Validation | None) -> Method:
    scale = LearntScale(bias=config.learner == "ridge").to(_device(encoder))
    optimizer = optimizer_settings(config).build([*encoder.parameters(), *scale.parameters()], config.epochs)
    arguments = encoder, scale, HEADS[config.learner], optimizer
    if not config.augments:
        return EpisodicTraining(*arguments, _episodes(config, data), **_extent(config, validation))
    augmentation, episodes = _augmented(config, data)
    options = _extent(config, validation) | {"augmentation": augmentation, "standard": _standard(config, data)}
    return AugmentedTraining(*arguments, episodes, **options)


def _confidence(
    config: FewShotConfig, network: ConfidenceEncoder, data: FewShotData, validation: Validation | None
) -> Method:
    pixels = pooled_pixels(EncoderOptions(image_shape=data.shape), _POOLS_OF_A_MAP)
    classes = len(data.split("train").counts)
    classifier = DenseClassifier(network.features_dim, pixels, classes, config.seed).to(_device(network))
    optimizer = optimizer_settings(config).build([*network.parameters(), *classifier.parameters()], config.epochs)
    augmentation, episodes = _augmented(config, data)
    options = _extent(config, validation) | {"augmentation": augmentation, "standard": _standard(config, data)}
    return ConfidenceTraining(network, classifier, optimizer, episodes, transductive=config.transductive, **options)


def _classical(config: FewShotConfig, encoder: Encoder, data: FewShotData, validation: Validation | None) -> Method:
    network = EncoderWithClassifier(encoder, len(data.split("train").counts), config.seed).to(_device(encoder))
    images = config.tasks * config.way * (config.shot + config.query)
    return ClassicalTraining(
        network,
        optimizer_settings(config).build(network.parameters(), config.epochs),
        ClassPairs(data, max(1, images // _IMAGES_IN_A_PAIR), config.seed),
        batches=config.batches,
        regularizer=REGULARIZERS[config.regularizer],
        coefficient=config.coefficient,
        validation=validation,
    )


def _adaptive(config: FewShotConfig, network: nn.Module, data: FewShotData, validation: Validation | None) -> Method:
    optimizer = optimizer_settings(config).build(network.parameters(), config.epochs)
    adaptation = adaptation_of(config, config.inner_steps)
    how: How = "loop" if config.way_through_tasks == "auto" else config.way_through_tasks
    options = _extent(config, validation) | {"how": how}
    if not config.augments:
        return AdaptiveTraining(network, optimizer, _episodes(config, data), adaptation, **options)
    augmentation, episodes = _augmented(config, data)
    return AugmentedAdaptiveTraining(network, optimizer, episodes, adaptation, augmentation=augmentation, **options)


def _episodes(config: FewShotConfig, data: FewShotData, classes: int = 1) -> Episodes:
    """Training episodes. classes: to draw for each way. Raises ValueError if there are too few."""
    found = len(data.split("train").counts)
    if config.trained_way > found and config.training_way is None and config.trained_way != config.way:
        raise ValueError(
            f"{data.name} has {found} classes in train, but episodes of the learner {config.learner} have "
            f"{config.trained_way} ways; --training-way sets another number"
        )
    shape = EpisodeShape(config.trained_way * classes, config.shot, config.query)
    return PooledEpisodes(data, "train", shape, config.seed, pools=config.pools)


def _augmented(config: FewShotConfig, data: FewShotData) -> tuple[MetaMaxUp, Episodes]:
    """The augmentation, and episodes with the classes that it needs."""
    augmentation = build_augmentation(config.augmentation, _pixels(data), config.tasks, config.seed)
    pool = augmentation.draws.pool
    check_data(pool, data.split("train"), config.trained_way)
    check_augmented_capacity(config, pool, data.shape)
    episodes = _episodes(config, data, classes_of(augmentation))
    return augmentation, turned_episodes(episodes, augmentation, config.trained_way)


def _extent(config: FewShotConfig, validation: Validation | None) -> dict[str, Any]:
    """How many episodes to train on, and what validates after each epoch."""
    return {"tasks": config.tasks, "batches": config.batches, "validation": validation}


def _standard(config: FewShotConfig, data: FewShotData) -> PixelValues | None:
    return _pixels(data) if config.standard else None


def _pixels(data: FewShotData) -> PixelValues:
    return PixelValues(data.mean, data.std)


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
