"""Made-up records of chapter 6's networks: what measuring them would return, in far less time."""

from typing import Any, get_args

import torch

from models.fewshot.held_out import SHOTS
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS
from reports.fewshot.experiments import Records
from reports.fewshot.networks import Variation, across, varied

EPISODES, EPOCHS = 30, 4
DOMAINS = ("drawings of other designers, split 0", "Omniglot", "digits by classes, split 0")


def made_up_augmented(seeds: tuple[int, ...] = (0,)) -> Records:
    """Records of all networks, of their variations and on several data sets, random but for their form."""
    generator = torch.Generator().manual_seed(0)

    def evaluation(**about: object) -> dict[str, object]:
        numbers = torch.rand(EPISODES, generator=generator, dtype=torch.float64).tolist()
        return {"head": "ridge", "query": 3, "batch_norm": "running", "accuracies": numbers, **about}

    def own() -> dict[str, Any]:
        return {"evaluations": [evaluation(shot=shot) for shot in SHOTS]}

    def curve() -> dict[str, Any]:
        training, held_out = torch.rand(2, EPOCHS, generator=generator, dtype=torch.float64).tolist()
        return {"split": "test", "epochs": list(range(1, EPOCHS + 1)), "training": training, "held_out": held_out}

    def domains(seed: int) -> dict[str, Any]:
        about = {"way": 5, "shot": 5, "episodes": EPISODES, "classes": 7}
        digests = {name: f"{name}, {seed}" if "split" in name else name for name in DOMAINS}
        return {"evaluations": [evaluation(data=name, episode_digest=digests[name], **about) for name in DOMAINS]}

    records: Records = {}
    for name, network in AUGMENTED_NETWORKS.items():
        augmentation = network.settings.get("augmentation")
        entries = [str(index) for index in range(len(augmentation.entries))] if augmentation is not None else []
        pool = {entry: {"drawn": 1 / len(entries), "chosen": 0.5, "loss": 1.0} for entry in entries}
        records[name] = {seed: own() | {"curve": curve(), "pool": pool if len(entries) > 1 else {}} for seed in seeds}
        for how in get_args(Variation):
            records[varied(name, how)] = {seed: own() for seed in seeds}
        records[across(name)] = {seed: domains(seed) for seed in seeds}
    return records
