"""Evaluation of one run on several data sets, also of other domains (dissertation section 6.4.7, Table 6.7)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from models.data.fitting import fitted_images
from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.run import FewShotRun
from models.progress import Progress


def evaluate_domains(
    run: FewShotRun, domains: Sequence[FewShotData], test: EpisodeTest, against: FewShotRun | None, progress: Progress
) -> list[dict[str, Any]]:
    """The records of `evaluate_run` for each data set in turn, with `image_shape`, that of its own images.

    Images are scaled to those that the run takes. A data set with fewer classes than ways, or fewer images in a class
    than shots and queries, gets fewer ways and queries. Errors as of `evaluate_run`, before any evaluation where it is
    the data set that does not fit.
    """
    fitting = [fitted(one, run.image_shape) for one in domains]
    tests = [limited(test, one) for one in fitting]
    for one, limits in zip(fitting, tests, strict=True):
        run.check(one, limits.split, allow_seen=limits.allow_seen)
        limits.drawn(one)
    records = []
    for original, one, limits in zip(domains, fitting, tests, strict=True):
        found = evaluate_run(run, one, limits, against, progress)
        records += [record | {"image_shape": list(original.shape)} for record in found]
    return records


def limited(test: EpisodeTest, data: FewShotData) -> EpisodeTest:
    """The test with at most as many ways as the data set has classes, and queries as its classes have images left.

    Where support and queries are by different designers, the number of queries stays.
    """
    classes = data.split(test.split)
    way = min(test.way, max(2, len(classes.counts)))
    if test.support_from:
        return replace(test, way=way)
    left = min(classes.counts) - max(test.shots)
    return replace(test, way=way, query=min(test.query, max(1, left)))


def fitted(data: FewShotData, shape: tuple[int, int, int]) -> FewShotData:
    """The data set with images of another shape, (channels, height, width); itself if they have it.

    They are scaled bilinearly, with antialiasing, to the height and width. Grey images become three equal channels,
    colours their luma. Raises ValueError for other numbers of channels.
    """
    if data.shape == shape:
        return data
    splits = {
        name: replace(classes, images=fitted_images(classes.images, shape, data.name))
        for name, classes in data.splits.items()
    }
    return FewShotData(data.name, splits)
