"""Made-up records of chapter 7's encoders, of the form of measured ones."""

import numpy as np

from reports.records.experiments import Record
from reports.selfsup.encoders.experiments import Records
from reports.selfsup.encoders.names import is_few_labels, is_transferred
from reports.selfsup.plans import TRAINING_TABLES

TEST_IMAGES = 61
TARGETS = ("digits", "VOC2007")


def made_up_encoders(seeds: tuple[int, ...] = (0,)) -> Records:
    """Records of all that the tables are of, random but for their form."""
    draws = np.random.default_rng(0)

    def probe(name: str, fraction: float = 1.0, **about: str) -> Record:
        right = np.packbits(draws.random(TEST_IMAGES) < draws.random()).tobytes().hex()
        average, mean = draws.random(2).tolist()
        scores = {"mean_per_class": mean, "mean_average_precision": average}
        return {
            "probe": name,
            "label_fraction": fraction,
            "test_images": TEST_IMAGES,
            "right": right,
            **scores,
            **about,
        }

    def record(name: str) -> Record:
        if is_few_labels(name):
            return {"probes": [probe("labels", fraction, target="own") for fraction in (0.01, 0.1)]}
        if is_transferred(name):
            return {"probes": [probe("fine-tuning", target=target) for target in TARGETS]}
        return {"probes": [probe("cached"), probe("knn")]}

    names = dict.fromkeys(name for names in TRAINING_TABLES.values() for name in names)
    return {name: {seed: record(name) for seed in seeds} for name in names}
