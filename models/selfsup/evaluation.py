"""Probes of a run's encoder, with what its training was."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest
from models.progress import Progress
from models.selfsup.baselines import baseline_encoder
from models.selfsup.probes.evaluation import check_probes, probe_encoder
from models.selfsup.probes.few_shot import head_of_test, probe_few_shot
from models.selfsup.probes.frozen import frozen
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.run import SelfSupRun
from models.training.execution import Execution


def evaluate_run(
    run: SelfSupRun,
    data: ProbeData | None,
    classes: FewShotData | None,
    settings: ProbeSettings,
    test: EpisodeTest,
    folder: Path | None,
    progress: Progress,
) -> dict[str, Any]:
    """The record of the run and of each probe, as plain JSON values.

    data: for probes that use labels. classes, test: for the probe few-shot. folder: keeps the checkpoints of probes
    that train, which go on from them after a kill.

    Raises ValueError if the data does not allow a probe, before any is computed.
    """
    if data is not None:
        check_probes(settings, data)
    if classes is not None:
        head_of_test(test)
        test.drawn(classes)
    with TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        device = Execution().accelerator(place).device
        encoder = baseline_encoder(run, settings.baseline, None if data is None else data.train).to(device)
        records: list[dict[str, Any]] = []
        if data is not None:
            records += probe_encoder(encoder, data.on(device), settings, place, progress)
        if classes is not None:
            with frozen(encoder) as digest:
                found = list(probe_few_shot(encoder, classes.to(device), test, progress))
            records += [{"probe": "few-shot", "encoder_digest": digest, **one} for one in found]
    about = {"folder": str(run.folder), **run.result}
    return {"run": about, "baseline": settings.baseline, "probes": records}
