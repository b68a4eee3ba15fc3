"""Execution of a run: precision, compilation, logging; `accelerate launch` chooses devices and processes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from accelerate import Accelerator, PartialState


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run is carried out."""

    mixed_precision: Literal["no", "fp16", "bf16"] = "no"
    """Precision of everything that need not be exact; sums of quantized layers stay in float32."""
    compile: bool = False
    """Compile the network with torch.compile; needs a C++ compiler on a CPU."""
    tensorboard: bool = False
    """Also write TensorBoard logs; needs the extra `tensorboard`."""

    @property
    def numerics(self) -> dict[str, Any]:
        """The settings that change a run's numbers, as plain values."""
        return {"mixed_precision": self.mixed_precision, "compile": self.compile}

    def accelerator(self, folder: Path) -> "Accelerator":
        """The accelerator of a training in `folder`. Raises ValueError if TensorBoard is wanted and not installed."""
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
    """This process's place among those of the run, also without a GPU."""
    from accelerate import PartialState

    return PartialState(cpu=_on_cpu())


def _on_cpu() -> bool:
    """Whether there is no GPU: several processes find each other on CPUs only if accelerate is told so."""
    import torch

    return not torch.accelerator.is_available()
