"""`wrapmac classify`: the classes of pictures."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from reports.commands.options import JsonFile, ensure_outputs


def classify(
    network: Annotated[
        Positional[Path], arg(metavar="NETWORK.npz", help="network without floats that `wrapmac export` wrote")
    ],
    images: Annotated[
        Positional[tuple[Path, ...]],
        arg(
            metavar="IMAGES",
            help="pictures of any size (BMP, GIF, JPEG, PNG, WebP), or folders of any depth with such pictures",
        ),
    ],
    /,
    classes: Annotated[
        Path | None,
        arg(metavar="FILE", help="names of the classes, one a line, by number; those in the network if left out"),
    ] = None,
    top: Annotated[int, arg(metavar="K", help="classes to show of each picture, best first")] = 1,
    batch: Annotated[int, arg(metavar="N", help="pictures that run at once")] = 16,
    threads: Annotated[int | None, arg(metavar="N", help="threads of the kernels; all cores if left out")] = None,
    json_file: JsonFile = None,
) -> int:
    """Tell the classes of pictures by a network in integers, on the kernels: best ones with scores, images a second."""
    import sys
    import time

    from models.kernels import IntegerNetwork, set_threads
    from models.kernels.classification import Classifier, listed_pictures
    from models.progress import Progress
    from reports.commands.output import write_json

    if not images:
        raise ValueError("no pictures are named")
    pictures = listed_pictures(images)
    loaded = IntegerNetwork(network)
    names = class_names(classes) if classes else loaded.graph.classes
    count = loaded.graph.class_count
    if names is not None and len(names) != count:
        raise ValueError(f"{classes or network} names {len(names)} classes; the network tells {count} apart")
    ensure_outputs(json_file, inputs=[network, *pictures, *([classes] if classes else [])])
    if threads is not None:
        set_threads(threads)
    classifier = Classifier(loaded, top=top, batch=batch)
    named = names or tuple(map(str, range(count)))
    started, found = time.perf_counter(), []
    with Progress() as progress:
        task = progress.task("pictures", len(pictures))
        for ranking in classifier.rankings(pictures):
            best = [(named[number], score) for number, score in zip(ranking.classes, ranking.scores, strict=True)]
            found.append((str(ranking.picture), best))
            task.advance()
    seconds = time.perf_counter() - started
    write_json(
        json_file,
        [
            {"picture": picture, "best": [{"class": name, "score": score} for name, score in best]}
            for picture, best in found
        ],
    )
    for picture, best in found:
        print(f"{picture}: " + ", ".join(f"{name} {score}" for name, score in best))
    rates = len(pictures) / seconds, len(pictures) / classifier.seconds
    print(f"{rates[0]:.0f} pictures a second; {rates[1]:.0f} without reading them", file=sys.stderr)
    return 0


def class_names(path: Path) -> tuple[str, ...]:
    """The names in a text file, one a line. Raises ValueError if it cannot be read, or a line is empty."""
    try:
        names = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a text file: {error}") from error
    if not names or not all(name.strip() for name in names):
        raise ValueError(f"{path} has no names of classes, or an empty line")
    return tuple(name.strip() for name in names)
