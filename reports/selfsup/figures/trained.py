"""The encoders of chapter 7's figures: those of its tables with seed 0."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.selfsup.run import SelfSupRun, load_run
from models.selfsup.training_data import TrainingData
from reports.selfsup.encoders.experiments import Encoders, measure_encoders
from reports.selfsup.encoders.scales import SELF_SUPERVISED_SCALES
from reports.selfsup.encoders.sets import read_sets
from reports.tables.registry import FigureSource

SEED = 0


@dataclass(frozen=True)
class FigureEncoders:
    """The images, settings and folders of the encoders of a figure."""

    source: FigureSource
    encoders: Encoders

    @classmethod
    def read(cls, source: FigureSource) -> "FigureEncoders":
        """The images and the scale of Tables 7.1 and 7.5. Raises ValueError if there are no images at the path."""
        scale = SELF_SUPERVISED_SCALES[source.scale]
        return cls(source, Encoders(read_sets(source.data, (), scale, [SEED], imagenet=False, targets=False), scale))

    @property
    def data(self) -> TrainingData:
        """The images that encoders are trained on."""
        return self.encoders.sets.training[SEED]

    @property
    def about(self) -> str:
        """Images and scale, for notes."""
        return f"{self.data.name}, scale {self.encoders.scale.name}"

    def runs(self, names: Sequence[str]) -> list[SelfSupRun]:
        """The runs of encoders, which are trained where they are not yet."""
        measure_encoders(names, self.encoders, [SEED], self.source.runs, self.source.progress)
        return [load_run(self.encoders.run_folder(name, SEED, self.source.runs)) for name in names]
