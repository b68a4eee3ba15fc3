"""`wrapmac measure`: what the features of few-shot runs look like."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import OmitArgPrefixes, Positional, arg

from models.fewshot.sources import FewShotSource
from reports.commands.options import JsonFile, RunFolderName, ensure_outputs


def measure(
    run: RunFolderName,
    against: Annotated[
        Positional[Path | None], arg(name="run2", metavar="[RUN2]", help="another run, to measure beside it")
    ] = None,
    /,
    source: Annotated[FewShotSource, OmitArgPrefixes] = FewShotSource(),
    split: Annotated[Literal["train", "val", "test"], arg(help="classes to measure on")] = "test",
    pairs: Annotated[int, arg(metavar="N", help="random pairs of classes, two images each")] = 10_000,
    seed: Annotated[int, arg(metavar="N", help="seed of the pairs")] = 0,
    printed: Annotated[bool, arg(help="show R_FC and R_HV as the dissertation prints them, too")] = False,
    plane: Annotated[
        Path | None, arg(metavar="FILE.png", help="draw three classes in the plane of their linear discriminants there")
    ] = None,
    json_file: JsonFile = None,
) -> int:
    """Measure the features of a few-shot run: how classes separate and, given RUN2, how alike the two runs are.

    R_FC and R_HV of random pairs of classes, as the dissertation's Tables 5.2 and 5.5 hold them; lower is better
    separated. With RUN2 also the paired differences, CKA and the filter-normalised distance of the encoders.
    """
    from models.fewshot.readers.registry import read_source
    from models.fewshot.run import METHOD, load_run
    from models.fewshot.run_measures import Measurement, measure_runs, run_features
    from models.progress import Progress
    from models.training.run import RunFolder
    from reports.commands.output import show, write_json
    from reports.fewshot.separation import likeness_lines, separation_table

    wanted = Measurement(split=split, pairs=pairs, seed=seed, printed=printed)
    folders = [run] if against is None else [run, against]
    for folder in folders:
        RunFolder(folder).check_method(METHOD, "measures")
    runs = [load_run(folder) for folder in folders]
    inputs = [file for folder in folders for file in RunFolder(folder).files]
    ensure_outputs(plane, json_file, inputs=[*inputs, source.data], data=source.data)
    data = read_source(source)
    for one in runs:
        one.check(data, split, allow_seen=True)  # before any is embedded
    with Progress() as progress:
        found = [run_features(one, data, split, progress) for one in runs]
    record = measure_runs(runs, found, data, wanted)
    if plane is not None:
        from reports.fewshot.planes import draw_planes
        from reports.page.figures import write_picture

        titles = [str(folder) for folder in folders]
        features = {title: one.features for title, one in zip(titles, found, strict=True)}
        write_picture(partial(draw_planes, features, data, split, seed), plane)
    write_json(json_file, record)
    show([separation_table(record)], notes=True)
    for line in likeness_lines(record):
        print(line)
    return 0
