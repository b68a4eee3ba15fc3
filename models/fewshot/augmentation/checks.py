"""What an augmentation asks of learner and data."""

from collections.abc import Iterable

from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.settings import Select
from models.fewshot.class_images import ClassImages


def check_learner(
    pool: Iterable[Combination],
    *,
    adapts_features: bool,
    takes_soft_labels: bool,
    trains_on_queries: bool = True,
    select: Select = "task",
) -> None:
    """Raises ValueError for an augmentation, or a way to select candidates, that a learner cannot train with.

    adapts_features: whether it fine-tunes its features to a task. takes_soft_labels: whether its head takes them for
    the support. trains_on_queries: whether its loss is that of the queries.
    """
    if select == "slot" and not takes_soft_labels:
        raise ValueError("select is 'slot', which needs a head that takes soft labels; allowed is task")
    for combination in pool:
        if adapts_features and combination.mixes_features:
            raise ValueError(
                f"augmentation {combination.name} mixes features, which the learner adapts to each task; "
                "allowed are learners with a head on features"
            )
        of_queries = [str(part) for part in combination.parts if part.mode == "query"]
        if of_queries and not trains_on_queries:
            raise ValueError(f"augmentation {of_queries[0]} changes queries, which the learner does not train on")
        if not takes_soft_labels and combination.softens("support"):
            raise ValueError(f"augmentation {combination.name} makes soft support labels, which the head does not take")


def check_data(pool: Iterable[Combination], classes: ClassImages, way: int) -> None:
    """Raises ValueError for an augmentation that the classes to train on do not allow.

    way: of the episodes, which check themselves that there are as many classes.
    """
    _, height, width = classes.shape
    for combination in pool:
        if combination.turns_classes and height != width:
            raise ValueError(
                f"augmentation {combination.name} turns images by 90 degrees; allowed are square ones, "
                f"not {height} x {width}"
            )
        if combination.turns_classes and any(classes.turns):
            raise ValueError(
                f"augmentation {combination.name} turns classes, but the classes to train on have turned ones already, "
                "so that one class could be two in an episode"
            )
        if len(classes.counts) < combination.classes * way and combination.classes > 1:
            raise ValueError(
                f"augmentation {combination.name} needs {combination.classes * way} classes for {way} ways; "
                f"{len(classes.counts)} are there to train on"
            )
