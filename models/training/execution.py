"""How a run is carried out: precision, compilation, logging; devices and processes come from `accelerate launch`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from accelerate import Accelerator, PartialState


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run is carried out."""

    mixed_precision: Literal["no", "fp16", "bf16"] = "no"
    """Precision of what need not be exact; sums of quantized layers stay in float32."""
    compile: bool = False
    """Compile the network with torch.compile; needs a C++ compiler on a CPU."""
    tensorboard: bool = False
    """Write TensorBoard logs, too; needs the extra `tensorboard`."""

    @property
    def numerics(self) -> dict[str, Any]:
        """What changes a run's numbers, as plain values."""
        return {"mixed_precision": self.mixed_precision, "compile": self.compile}

    def accelerator(self, folder: Path) -> "Accelerator":
        """What runs a training in `folder`. Raises ValueError if TensorBoard is wanted and not installed."""
        from accelerate import Accelerator

        try:
            accelerator = Accelerator(
                cpu=_on_cpu(),
                mixed_precision=self.mixed_precision,
                dynamo_backend="inductor" if self.compile else "no",
                log_with="tensorboard" if self.tensorboard else None,
                project_dir=folder,
            )
        except (ImportError, ValueError) as error:
            raise ValueError(f"this machine cannot run as asked: {error}") from error
        if self.tensorboard:
            accelerator.init_trackers("tensorboard")
        return accelerator


def process_state() -> "PartialState":
    """This process's place among those of the run, on machines without a GPU, too."""
    from accelerate import PartialState

    return PartialState(cpu=_on_cpu())


def _on_cpu() -> bool:
    """Whether a run has no GPU; several processes would not find each other there without being told."""
    import torch

    return not torch.accelerator.is_available()
