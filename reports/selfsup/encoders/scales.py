"""The sizes at which the encoders of chapter 7 are trained and probed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from models.selfsup.config import SelfSupConfig
from models.selfsup.probes.settings import ProbeName, ProbeSettings

Precision = Literal["no", "fp16", "bf16"]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The size of encoders, the length of their training, and how they are probed.

    settings: of the training of every encoder. imagenet: further ones of Tables 7.2 to 7.4; None where these take the
    encoders of the other tables. images: training images and their labels; None for all. linear: the probe whose
    accuracy is called linear. few_labels, transfer: the fine-tuning of Tables 7.3 and 7.4. mixed_precision: of
    training; `auto` is bf16 where the processor computes in it, else float32.
    """

    name: str
    settings: Mapping[str, Any]
    imagenet: Mapping[str, Any] | None = None
    images: int | None = None
    linear: ProbeName = "cached"
    few_labels: ProbeSettings = field(default_factory=lambda: ProbeSettings(probe=("labels",)))
    transfer: ProbeSettings = field(default_factory=lambda: ProbeSettings(probe=("fine-tuning",)))
    mixed_precision: Precision | Literal["auto"] = "auto"

    @property
    def probes(self) -> ProbeSettings:
        """The probes of frozen features."""
        return ProbeSettings(probe=(self.linear, "knn"))

    @property
    def precision(self) -> Precision:
        """The precision of training on this machine."""
        if self.mixed_precision != "auto":
            return self.mixed_precision
        return "bf16" if _computes_in_bf16() else "no"

    def configured(self, encoder: Mapping[str, Any], seed: int, *, imagenet: bool) -> SelfSupConfig:
        """The training of an encoder with settings of its own. imagenet: whether it is one of Tables 7.2 to 7.4."""
        further = (self.imagenet or {}) if imagenet else {}
        return SelfSupConfig(seed=seed, **{**self.settings, **further, **encoder})


def _computes_in_bf16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    find: Callable[[], Mapping[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)  # older torch lacks it
    capabilities = find()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


SELF_SUPERVISED_SCALES = {
    "small": Scale(
        name="small",
        settings={"width": 16, "batch": 128, "epochs": 10, "monitored": 500},
        images=10_000,
        few_labels=ProbeSettings(probe=("labels",), probe_steps=100, probe_batch=128),
        transfer=ProbeSettings(probe=("fine-tuning",), probe_steps=100, probe_batch=128),
    ),
    "paper": Scale(
        name="paper",
        settings={"batch": 1024, "epochs": 1000, "optimizer": "lars"},
        imagenet={"batch": 256, "epochs": 100, "encoder": "resnet50", "recipe": "imagenet"},
        linear="augmented",
    ),
}
"""The scales by name. `small`: chosen by time alone. `paper`: dissertation 7.3."""
