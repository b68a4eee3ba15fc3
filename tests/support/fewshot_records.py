"""Made-up records of chapter 5's networks: what measuring them would return, in far less time."""

from collections.abc import Callable

import torch

from models.fewshot.held_out import SHOTS
from reports.fewshot.experiments import Records
from reports.fewshot.networks import BACKBONES, NETWORKS, moves

EPISODES = 40


def made_up_records(seeds: tuple[int, ...] = (0, 1)) -> Records:
    """Records of all networks and of the comparisons of two, random but for their form."""
    generator = torch.Generator().manual_seed(0)

    def numbers() -> list[float]:
        return torch.rand(EPISODES, generator=generator, dtype=torch.float64).tolist()

    def evaluation(head: str, shot: int) -> dict[str, object]:
        return {"head": head, "shot": shot, "query": 3, "batch_norm": "running", "accuracies": numbers()}

    records: Records = {}
    for name, network in NETWORKS.items():
        for seed in seeds:
            records.setdefault(name, {})[seed] = {
                "evaluations": [evaluation(head, shot) for head in network.heads for shot in SHOTS],
                "separation": {split: {"R_FC": numbers(), "R_HV": numbers()} for split in ("train", "test")},
                "validation": evaluation("svm", 1),
            }
        for backbone in BACKBONES:
            if name.startswith(f"{backbone}-C"):
                records[f"{name} ~ {backbone}-M"] = {seed: {"unbiased": seed / 2, "biased": seed / 2} for seed in seeds}
    for name in NETWORKS:
        records[moves(name)] = {seed: {str(shot): _followed(numbers) for shot in SHOTS} for seed in seeds}
    return records


def _followed(numbers: Callable[[], list[float]]) -> dict[str, list[float]]:
    measured = ("distances", "mean_distances", "remaining_loss", "mean_distance_by_step", "loss_by_step")
    return {name: numbers() for name in measured}
