"""The learners by name: what trains an encoder, and the heads that classify by its features."""

from collections.abc import Mapping
from dataclasses import replace

from models.backbones.encoder import Encoder
from models.fewshot.class_images import FewShotData
from models.fewshot.class_pairs import ClassPairs
from models.fewshot.classical import ClassicalTraining, EncoderWithClassifier, Regularizer
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.episodic import EpisodicTraining, LearntScale, Validation
from models.fewshot.evaluation import Head
from models.fewshot.heads import linear_logits, prototype_logits, ridge_logits, svm_logits
from models.fewshot.measures import feature_clustering, hyperplane_variation
from models.fewshot.settings import FewShotConfig, HeadName, RegularizerName, ScheduleName
from models.training.method import Method
from models.training.optimizers import OptimizerSettings

HEADS: Mapping[HeadName, Head] = {
    "prototype": prototype_logits,
    "ridge": ridge_logits,
    "svm": svm_logits,
    "linear": linear_logits,
}

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

_IMAGES_IN_A_PAIR = 4


def build_method(config: FewShotConfig, encoder: Encoder, data: FewShotData, validation: Validation | None) -> Method:
    """The training of an encoder as the configuration says. Raises ValueError if the data has too few classes."""
    optimizer = SCHEDULES[config.schedule]
    if config.learning_rate is not None:
        optimizer = replace(optimizer, learning_rate=config.learning_rate)
    device = next(encoder.parameters()).device
    shape = EpisodeShape(config.way, config.shot, config.query)
    if config.learner == "classical":
        network = EncoderWithClassifier(encoder, len(data.split("train").counts), config.seed)
        images = config.tasks * config.way * (config.shot + config.query)
        return ClassicalTraining(
            network.to(device),
            optimizer.build(network.parameters(), config.epochs),
            ClassPairs(data, max(1, images // _IMAGES_IN_A_PAIR), config.seed),
            batches=config.batches,
            regularizer=REGULARIZERS[config.regularizer],
            coefficient=config.coefficient,
            validation=validation,
        )
    scale = LearntScale(bias=config.learner == "ridge").to(device)
    return EpisodicTraining(
        encoder,
        scale,
        HEADS[config.learner],
        optimizer.build([*encoder.parameters(), *scale.parameters()], config.epochs),
        Episodes(data, "train", shape, config.seed),
        tasks=config.tasks,
        batches=config.batches,
        validation=validation,
    )
