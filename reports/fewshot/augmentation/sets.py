"""The data sets that chapter 6's tables are trained on, and those of Table 6.7."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest
from models.fewshot.domains import fitted, limited
from models.fewshot.sources import FewShotSource
from reports.fewshot.augmentation.designer_sets import DESIGNERS, designer_sets
from reports.fewshot.measure import DOMAIN_SHOTS
from reports.fewshot.scales import Scale
from reports.fewshot.sets import seed_sets, table_source


@dataclass(frozen=True)
class Sets:
    """Data sets, each by seed.

    data: of all tables but 6.7. source: that the networks of Table 6.7 are trained on. domains: that these are
    evaluated on, scaled to the images of `source`. others: how many of the domains are not of the kind of `source`.
    named: what `source` is.
    """

    data: Mapping[int, FewShotData]
    source: Mapping[int, FewShotData]
    domains: Mapping[int, tuple[FewShotData, ...]]
    others: int
    named: str


def title(name: str) -> str:
    """A data set's name without its split and the size of its images."""
    return name.split(",")[0]


def without_split(name: str) -> str:
    """A data set's name without the number of its split."""
    return ", ".join(part for part in name.split(", ") if not part.startswith("split "))


def read_sets(
    path: Path | None, on: Sequence[FewShotSource], scale: Scale, seeds: Sequence[int], *, across: bool
) -> Sets:
    """The data sets that a user names. across: whether a table needs domains.

    Of drawings, Table 6.7 trains on those by three designers; its first domains are other designers and other
    categories. Of other sets it trains on what all tables do, and its first domain is the test split.

    Raises ValueError if there is no data set at a path, and for domains that have the same name, classes that are
    trained on, or too few classes or images.
    """
    trained = table_source(path, scale)
    if trained.dataset != "folders" and trained.dataset in {one.dataset for one in on}:
        raise ValueError(f"--on names {trained.dataset}, which the networks are trained on; name other data sets")
    data = seed_sets(trained, scale, seeds)
    named = without_split(data[seeds[0]].name)
    if not across:
        return Sets(data, data, {}, 0, named)
    source: Mapping[int, FewShotData] = data
    own: Mapping[int, tuple[FewShotData, ...]] = {seed: (one,) for seed, one in data.items()}
    if trained.dataset == "drawings" and trained.data is not None:
        own = {seed: designer_sets(trained.data, seed, scale.side) for seed in seeds}
        source = {seed: found[0] for seed, found in own.items()}
        named = f"drawings by {', '.join(DESIGNERS)}"
    others = [seed_sets(one, replace(scale, side=None), seeds) for one in on]
    domains = {seed: (*own[seed], *(fitted(found[seed], source[seed].shape) for found in others)) for seed in seeds}
    for seed, found in domains.items():
        _check_domains(found, source[seed])
    return Sets(data, source, domains, len(on) + (2 if trained.dataset == "drawings" else 0), named)


def _check_domains(domains: Sequence[FewShotData], source: FewShotData) -> None:
    """Raises ValueError for domains that cannot be rows of Table 6.7, before networks are trained on `source`."""
    names = [title(one.name) for one in domains]
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ValueError(f"two data sets of Table 6.7 are called {twice}; --on takes sets of different names")
    trained = set(source.split("train").class_digests)
    test = EpisodeTest(shots=(DOMAIN_SHOTS,))
    for one in domains:
        classes = one.split(test.split)
        seen = len(trained.intersection(classes.class_digests))
        if seen:
            raise ValueError(f"networks are trained on {seen} of the {len(classes.counts)} test classes of {one.name}")
        limited(test, one).drawn(one)
