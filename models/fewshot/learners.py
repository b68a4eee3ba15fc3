"""The learners by name: their networks, their training, their evaluation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn

from models.backbones.batch_norm import BatchNormMode, in_mode
from models.backbones.encoder import Encoder, EncoderOptions, pooled_pixels, with_classifier
from models.backbones.encoders import build_encoder
from models.fewshot.adaptive import Adaptation, AdaptiveLearner, AdaptiveTraining
from models.fewshot.augmentation.adaptive import AugmentedAdaptiveTraining
from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.checks import check_data, check_learner
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.training import AugmentedTraining, classes_of
from models.fewshot.augmentation.turned_episodes import turned_episodes
from models.fewshot.class_images import FewShotData
from models.fewshot.class_pairs import ClassPairs
from models.fewshot.classical import ClassicalTraining, EncoderWithClassifier, Regularizer
from models.fewshot.confidence.dense import DenseClassifier
from models.fewshot.confidence.network import ConfidenceEncoder
from models.fewshot.confidence.training import ConfidenceTraining
from models.fewshot.ensembles import Ensemble
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.episodic import EpisodicTraining, LearntScale, Validation
from models.fewshot.evaluators import (
    HEADS,
    EmbeddingEvaluator,
    Evaluator,
    FeatureEvaluator,
    FineTuningEvaluator,
    TaskEvaluator,
)
from models.fewshot.inner import How
from models.fewshot.measures import feature_clustering, hyperplane_variation
from models.fewshot.pools.episodes import PooledEpisodes
from models.fewshot.settings import FewShotConfig, HeadName, RegularizerName, ScheduleName
from models.training.method import Method
from models.training.optimizers import OptimizerSettings

REGULARIZERS: Mapping[RegularizerName, Regularizer | None] = {
    "none": None,
    "feature-clustering": feature_clustering,
    "hyperplane-variation": hyperplane_variation,
}

SCHEDULES: Mapping[ScheduleName, OptimizerSettings] = {
    "cosine": OptimizerSettings(learning_rate=1e-3),
    "steps": OptimizerSettings(
        optimizer="sgd",
        learning_rate=0.1,
        nesterov=True,
        weight_decay=5e-4,
        schedule="steps",
        milestones=(1 / 3, 1 / 2, 2 / 3, 5 / 6),
    ),
}
"""steps: the recipe of dissertation 5.7.2, with the weight decay of the authors' code (the text has 1e-4)."""

_META_STEP = OptimizerSettings(optimizer="sgd", learning_rate=1.0, momentum=0.0)  # of Reptile
_IMAGES_IN_A_PAIR = 4
_POOLS_OF_A_MAP = 4  # of all encoders whose features are one map


def build_network(config: FewShotConfig, image_shape: tuple[int, int, int]) -> nn.Module:
    """The learner's network with its initial weights: an encoder, with a classifier if the whole is fine-tuned."""
    mode = default_batch_norm(config)
    options = EncoderOptions(image_shape=image_shape, width=config.width, batch_norm=mode, seed=config.seed)
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


def evaluator_of(
    config: FewShotConfig,
    network: nn.Module,
    data: FewShotData,
    split: str,
    head: HeadName | None = None,
    batch_norm: BatchNormMode | None = None,
    *,
    flip_shots: bool = False,
) -> Evaluator:
    """The evaluation of a network, or of an ensemble, on a split. head, batch_norm: None for the configuration's own.

    flip_shots: whether the mirror image of each support image is another shot.

    Raises ValueError for a head that does not go with the learner, for a mode of batch norm that the network has no
    statistics for, and for an ensemble or flip shots without features that serve all episodes.
    """
    head, batch_norm = head or config.head_name, batch_norm or default_batch_norm(config)
    config.check_head(head)
    if head == "fine-tuning" or batch_norm != "running":
        if flip_shots or isinstance(network, Ensemble):
            raise ValueError(
                f"ensembles and flip shots are for heads on features with batch norm in mode running, not for {head} "
                f"in mode {batch_norm}"
            )
        return task_evaluator_of(config, network, head, batch_norm)
    return FeatureEvaluator(in_mode(network, batch_norm), head, data, split, flip_shots=flip_shots)


def task_evaluator_of(
    config: FewShotConfig, network: nn.Module, head: HeadName | None = None, batch_norm: BatchNormMode | None = None
) -> TaskEvaluator:
    """The evaluation of a network on episodes of any data; arguments and errors as of `evaluator_of`."""
    head = head or config.head_name
    config.check_head(head)
    network = in_mode(network, batch_norm or default_batch_norm(config))
    return fine_tuning_of(config, network) if head == "fine-tuning" else EmbeddingEvaluator(network, head)


def fine_tuning_of(config: FewShotConfig, network: nn.Module) -> FineTuningEvaluator:
    """The fine-tuning of a network as in its training or, if it is an encoder trained otherwise, as MAML does it."""
    encoder = network.encoder if isinstance(network, ConfidenceEncoder) else network
    return FineTuningEvaluator(encoder, _adaptation(config, config.fine_tuning_steps))


def default_batch_norm(config: FewShotConfig) -> BatchNormMode:
    """The mode of batch norm in training and, unless another one is asked for, in evaluation."""
    return "episode" if config.is_fine_tuned else "running"


def _episodic(config: FewShotConfig, encoder: Encoder, data: FewShotData, validation: Validation | None) -> Method:
    scale = LearntScale(bias=config.learner == "ridge").to(_device(encoder))
    optimizer = _optimizer(config).build([*encoder.parameters(), *scale.parameters()], config.epochs)
    arguments = encoder, scale, HEADS[config.learner], optimizer
    if not config.augments:
        return EpisodicTraining(
            *arguments, _episodes(config, data), tasks=config.tasks, batches=config.batches, validation=validation
        )
    augmentation, episodes = _augmented(config, data)
    return AugmentedTraining(
        *arguments,
        episodes,
        tasks=config.tasks,
        batches=config.batches,
        augmentation=augmentation,
        standard=_pixels(data) if config.standard else None,
        validation=validation,
    )


def _confidence(
    config: FewShotConfig, network: ConfidenceEncoder, data: FewShotData, validation: Validation | None
) -> Method:
    pixels = pooled_pixels(EncoderOptions(image_shape=data.shape), _POOLS_OF_A_MAP)
    classes = len(data.split("train").counts)
    classifier = DenseClassifier(network.features_dim, pixels, classes, config.seed).to(_device(network))
    augmentation, episodes = _augmented(config, data)
    return ConfidenceTraining(
        network,
        classifier,
        _optimizer(config).build([*network.parameters(), *classifier.parameters()], config.epochs),
        episodes,
        tasks=config.tasks,
        batches=config.batches,
        augmentation=augmentation,
        transductive=config.transductive,
        standard=_pixels(data) if config.standard else None,
        validation=validation,
    )


def _classical(config: FewShotConfig, encoder: Encoder, data: FewShotData, validation: Validation | None) -> Method:
    network = EncoderWithClassifier(encoder, len(data.split("train").counts), config.seed).to(_device(encoder))
    images = config.tasks * config.way * (config.shot + config.query)
    return ClassicalTraining(
        network,
        _optimizer(config).build(network.parameters(), config.epochs),
        ClassPairs(data, max(1, images // _IMAGES_IN_A_PAIR), config.seed),
        batches=config.batches,
        regularizer=REGULARIZERS[config.regularizer],
        coefficient=config.coefficient,
        validation=validation,
    )


def _adaptive(config: FewShotConfig, network: nn.Module, data: FewShotData, validation: Validation | None) -> Method:
    settings = _optimizer(config)
    if config.learner == "reptile":
        settings = replace(_META_STEP, learning_rate=config.learning_rate or _META_STEP.learning_rate)
    optimizer = settings.build(network.parameters(), config.epochs)
    adaptation = _adaptation(config, config.inner_steps)
    how: How = "loop" if config.way_through_tasks == "auto" else config.way_through_tasks
    options: dict[str, Any] = {
        "tasks": config.tasks,
        "batches": config.batches,
        "how": how,
        "validation": validation,
    }
    if not config.augments:
        return AdaptiveTraining(network, optimizer, _episodes(config, data), adaptation, **options)
    augmentation, episodes = _augmented(config, data)
    return AugmentedAdaptiveTraining(network, optimizer, episodes, adaptation, augmentation=augmentation, **options)


def _adaptation(config: FewShotConfig, steps: int) -> Adaptation:
    return Adaptation(
        learner=cast(AdaptiveLearner, config.learner if config.is_fine_tuned else "fomaml"),
        steps=steps,
        learning_rate=config.fine_tuning_rate,
        batch=config.inner_batch,
        clustering=config.weight_clustering,
        chunk=config.chunk,
    )


def _episodes(config: FewShotConfig, data: FewShotData, classes: int = 1) -> Episodes:
    """Training episodes. classes: to draw for each way."""
    shape = EpisodeShape(config.trained_way * classes, config.shot, config.query)
    return PooledEpisodes(data, "train", shape, config.seed, pools=config.pools)


def _augmented(config: FewShotConfig, data: FewShotData) -> tuple[MetaMaxUp, Episodes]:
    """The augmentation, and episodes with the classes that it needs."""
    augmentation = build_augmentation(config.augmentation, _pixels(data), config.tasks, config.seed)
    pool = augmentation.draws.pool
    check_data(pool, way=config.trained_way, classes=len(data.split("train").counts), image_shape=data.shape)
    check_learner(pool, adapts_features=config.is_fine_tuned, takes_soft_labels=True, select=config.augmentation.select)
    episodes = _episodes(config, data, classes_of(augmentation))
    return augmentation, turned_episodes(episodes, augmentation, config.trained_way)


def _pixels(data: FewShotData) -> PixelValues:
    return PixelValues(data.mean, data.std)


def _optimizer(config: FewShotConfig) -> OptimizerSettings:
    settings = SCHEDULES[config.schedule]
    return settings if config.learning_rate is None else replace(settings, learning_rate=config.learning_rate)


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
