"""Probes of a self-supervised encoder, as tables."""

from collections.abc import Iterable, Mapping
from typing import Any

from reports.fewshot.accuracy import ESTIMATE, estimate_cells
from reports.tables.table import Table


def probe_tables(record: Mapping[str, Any]) -> tuple[Table, ...]:
    """One table of the probes that use labels and one of the episodes, from a record of an evaluation."""
    records = record["probes"]
    on_labels = [one for one in records if one["probe"] != "few-shot"]
    on_episodes = [one for one in records if one["probe"] == "few-shot"]
    about = _about(record["run"], record["baseline"])
    return (*_of_labels(about, on_labels), *_of_episodes(about, on_episodes))


def _of_labels(about: str, records: list[Mapping[str, Any]]) -> Iterable[Table]:
    if not records:
        return
    rows = [
        (
            one["probe"],
            str(one["labels"]),
            f"{one['top1']:.2%}",
            f"{one['mean_per_class']:.2%}",
            f"{one['mean_average_precision']:.2%}",
            _how(one),
        )
        for one in records
    ]
    first = records[0]
    note = (
        f"{about} Test: {first['test_images']} images of {first['data']} (digest {first['data_digest']}), "
        f"{first['classes']} classes. Probe seed {first['probe_seed']}; encoder {first['encoder_digest']}, the same "
        "before and after each probe."
    )
    yield Table("Probes", ("probe", "labels", "top-1", "per class", "mAP", "learned by"), rows, note)


def _of_episodes(about: str, records: list[Mapping[str, Any]]) -> Iterable[Table]:
    if not records:
        return
    rows = [
        (
            f"{one['way']}-way {one['shot']}-shot",
            one["head"],
            *estimate_cells(one),
        )
        for one in records
    ]
    first = records[0]
    note = (
        f"{about} {first['episodes']} episodes of {first['split']} classes of {first['data']} (digest "
        f"{first['data_digest']}), {first['query']} queries of each class, seed {first['episode_seed']}."
    )
    yield Table("Few-shot accuracy", ("episodes", "head", *ESTIMATE), rows, note)


def _about(run: Mapping[str, Any], baseline: str) -> str:
    """A sentence about the features' encoder."""
    if baseline == "pixels":
        return "Features: the pixels themselves."
    if baseline != "none":
        statistics = ", with statistics of batch norm from the images" if baseline == "calibrated" else ""
        return f"Encoder: untrained, seed {run['seed']}{statistics}."
    return (
        f"Encoder: {run['learner']}, rotation {run['rotation']}, {run['epochs']} epochs on {run['data']}, seed "
        f"{run['seed']}."
    )


def _how(record: Mapping[str, Any]) -> str:
    """The settings that a probe's figure depends on, beside the labels."""
    searched = f", best of {len(record['search']['tried'])}" if "search" in record else ""
    if "l2" in record:
        return f"L2 {record['l2']:g}{searched}"
    if "neighbours" in record:
        return f"{record['neighbours']} neighbours"
    return f"rate {record['learning_rate']:g}{searched}, {record['steps']} steps"
