"""`wrapmac dataset`: data sets that are made here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, Positional, arg, subcommand

from reports.commands.options import Out, Seed, ensure_outputs


@dataclass(frozen=True)
class ProceduralSet:
    """A hundred classes of coloured shapes, 32 x 32 pixels, in CIFAR-FS's format.

    64 classes are to train on, 16 to choose a model by, 20 to test on.
    """

    out: Out = Path("build/procedural")
    images: Annotated[int, arg(metavar="N", help="images of each class")] = 600
    variation: Annotated[float, arg(metavar="0..10", help="how much the images of a class differ")] = 1.0
    seed: Seed = 0

    def run(self) -> list[Path]:
        """Writes the pickles and returns their paths."""
        from models.fewshot.procedural import procedural, write_procedural
        from models.training.seeds import check_seed

        check_seed(self.seed)
        ensure_outputs(folders=[self.out])
        return write_procedural(self.out, procedural(self.seed, images=self.images, variation=self.variation))


@dataclass(frozen=True)
class DrawnSet:
    """The same emoji by nine designers, 32 x 32 pixels, from npm packages.

    `make drawings` fetches the packages and runs this. Their licences: CC BY 4.0 (Twemoji, EmojiOne), CC BY-SA 4.0
    (OpenMoji, EmojiOne 1), Apache 2.0 (Noto, FxEmoji) and MIT (Fluent Emoji).
    """

    packs: Annotated[Positional[Path], arg(metavar="PACKS", help="folder with the packages, as NAME/icons.json")]
    out: Annotated[Path, arg(metavar="FILE.npz", help="the data set")] = Path("build/drawings/drawings.npz")

    def run(self) -> list[Path]:
        """Writes the file and returns its path."""
        from models.fewshot.drawings import render_drawings
        from models.progress import Progress

        ensure_outputs(self.out)
        with Progress() as progress:
            render_drawings(self.packs, self.out, progress)
        return [self.out]


@dataclass(frozen=True)
class SceneFolders:
    """Scenes of shapes that hide each other, with labels of pixels (ADE20K's layout) or of objects (COCO's).

    Some pixels are of no class, some scenes have no object, and their sizes differ.
    """

    out: Out = Path("build/shapes")
    images: Annotated[int, arg(metavar="N", help="scenes to train on")] = 2000
    held_out: Annotated[int, arg(metavar="N", help="scenes to test on")] = 500
    size: Annotated[int, arg(metavar="PIXELS", help="side of the square scenes; others have 3/4 and 5/4 of it")] = 128
    layout: Annotated[Literal["ade20k", "coco"], arg(help="layout of the files")] = "ade20k"
    seed: Seed = 0

    def run(self) -> list[Path]:
        """Writes the folders and returns the one that holds them."""
        from models.data.scenes.ade20k_files import write_ade20k
        from models.data.scenes.coco_files import write_coco
        from models.data.scenes.scene_set import SceneSet
        from models.progress import Progress
        from models.training.seeds import check_seed

        check_seed(self.seed)
        train = SceneSet(self.images, self.size, self.seed)
        test = SceneSet(self.held_out, self.size, self.seed, held_out=True)
        ensure_outputs(folders=[self.out])
        with Progress() as progress:
            task = progress.task("drawing scenes", len(train) + len(test))
            write = write_ade20k if self.layout == "ade20k" else write_coco
            return [write(self.out, train, test, task.advance)]


def dataset(
    made: OmitArgPrefixes[
        OmitSubcommandPrefixes[
            Annotated[ProceduralSet, subcommand("procedural")]
            | Annotated[DrawnSet, subcommand("drawings")]
            | Annotated[SceneFolders, subcommand("shapes")]
        ]
    ],
) -> int:
    """Make data sets: classes of shapes or drawings for few-shot learning, scenes of labelled objects."""
    for path in made.run():
        print(path)
    return 0
