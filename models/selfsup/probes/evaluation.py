"""All probes of one encoder on one data set, each with everything that its figures depend on."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from torch import Tensor

from models.backbones.encoder import Encoder
from models.progress import Progress
from models.selfsup.probes.augmented import probe_augmented
from models.selfsup.probes.cached import CachedFeatures, probe_cached, probe_neighbours
from models.selfsup.probes.fine_tuning import probe_fine_tuned
from models.selfsup.probes.frozen import frozen
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.labels import labelled_part, validation_part
from models.selfsup.probes.scores import scores_of
from models.selfsup.probes.settings import ProbeName, ProbeSettings
from models.selfsup.probes.training import TrainingPlan, Workplace
from models.training.execution import Execution

_TRAINED = ("augmented", "labels", "fine-tuning")


def check_probes(settings: ProbeSettings, data: ProbeData) -> None:
    """Raises ValueError for impossible settings, and if labels are too few for a probe."""
    settings.check()
    for probe, fraction in _wanted(settings):
        chosen = labelled_part(data.train.labels, fraction, settings.probe_seed, data.classes)
        plans = _plans(settings, probe, fraction) if probe in _TRAINED else []
        if len(plans) > 1 or (probe == "cached" and settings.l2 is None):
            validation_part(data.train.labels, chosen, settings.probe_seed, data.classes)


def probe_encoder(
    encoder: Encoder, data: ProbeData, settings: ProbeSettings, folder: Path, progress: Progress
) -> Iterator[dict[str, Any]]:
    """The records of the probes that use labels, one for each label fraction, as plain JSON values.

    folder: of checkpoints, from which a probe that was killed goes on. Raises ValueError if labels are too few for a
    probe, before any is computed, and EncoderChangedError, instead of a record, if a probe changed the encoder.
    """
    return (record for record, _ in predictions(encoder, data, settings, folder, progress))


def predictions(
    encoder: Encoder,
    data: ProbeData,
    settings: ProbeSettings,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """The same records, each with the class that the probe gives every test image: (test images,).

    execution: of probes that train.
    """
    check_probes(settings, data)
    probing = _Probing(encoder, data, settings, folder, progress, execution)
    for probe, fraction in _wanted(settings):
        with frozen(encoder) as digest:
            found = probing.record(probe, fraction, digest)
        yield found


@dataclass(frozen=True)
class _Probing:
    """Probes of one encoder, which share its features."""

    encoder: Encoder
    data: ProbeData
    settings: ProbeSettings
    folder: Path
    progress: Progress
    execution: Execution

    @cached_property
    def features(self) -> CachedFeatures:
        return CachedFeatures(self.encoder, self.data, self.progress)

    def record(self, probe: ProbeName, fraction: float, encoder_digest: str) -> tuple[dict[str, Any], Tensor]:
        """The record of a probe, and the class that it gives each test image."""
        chosen = labelled_part(self.data.train.labels, fraction, self.settings.probe_seed, self.data.classes)
        about = {
            "probe": probe,
            "labels": len(chosen),
            "label_fraction": fraction,
            "probe_seed": self.settings.probe_seed,
            **self.data.description,
            "encoder_digest": encoder_digest,
        }
        place = Workplace(self.folder, f"{probe}-{fraction:g}", about, self.progress, self.execution)
        probabilities, how = self._probed(probe, fraction, chosen, place)
        labels = self.data.test.labels.to(probabilities.device)
        return about | how | asdict(scores_of(probabilities, labels)), probabilities.argmax(1)

    def _probed(
        self, probe: ProbeName, fraction: float, chosen: Tensor, place: Workplace
    ) -> tuple[Tensor, dict[str, Any]]:
        settings, data = self.settings, self.data
        match probe:
            case "cached":
                return probe_cached(self.features, data, chosen, settings.l2, settings.probe_seed)
            case "knn":
                return probe_neighbours(self.features, data, chosen, settings.neighbours)
            case "augmented":
                plans = _plans(settings, probe, fraction)
                return probe_augmented(self.encoder, self.features, data, chosen, plans, place)
        return probe_fine_tuned(self.encoder, data, chosen, _plans(settings, probe, fraction), place)


def _wanted(settings: ProbeSettings) -> list[tuple[ProbeName, float]]:
    """The probes that use labels, each once, with their label fractions."""
    probes = [probe for probe in dict.fromkeys(settings.probe) if probe != "few-shot"]
    return [(probe, fraction) for probe in probes for fraction in dict.fromkeys(settings.fractions_of(probe))]


def _plans(settings: ProbeSettings, probe: ProbeName, fraction: float) -> list[TrainingPlan]:
    steps, batch = settings.steps_of(probe, fraction), settings.batch_of(probe)
    grid = product(settings.rates_of(probe, fraction), settings.probe_decay)
    return [TrainingPlan(rate, decay, steps, batch, settings.probe_seed) for rate, decay in grid]
