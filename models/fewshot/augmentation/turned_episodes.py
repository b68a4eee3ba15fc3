"""Episodes in which a turned class may meet its original, as two classes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.data.draws import Integers, distinct, key_of
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.names import QUARTER_TURNS
from models.fewshot.episodes import Episodes
from models.fewshot.pools.episodes import PooledEpisodes
from models.fewshot.pools.settings import PoolSettings

_STREAM = 0


@dataclass(frozen=True, kw_only=True)
class TurnedEpisodes(PooledEpisodes):
    """Episodes whose classes are drawn from all classes in all turns, as if turned classes were in the data.

    Classes of an episode with the same turn differ; others may be the same class, whose images are then drawn twice.
    Classes without a turn are those of the same episode of `Episodes`.

    turns: of the first classes of each episode, (episodes, classes), 0 to 3, from its number; others do not turn. The
    images are not turned here.

    Raises ValueError with `within`, which is not about turns.
    """

    turns: Callable[[Integers], Integers]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.within:
            raise ValueError("episodes within groups have different classes; allowed are episodes of any classes")

    def _classes_of(self, episodes: Integers) -> Integers:
        way = self.shape.way
        turns = self.turns(episodes)
        turns = np.pad(turns, [(0, 0), (0, way - turns.shape[1])])
        counts = np.full(len(episodes), len(self.drawn))
        keys = [key_of(int(self._key), "turned", turn) for turn in range(1, QUARTER_TURNS)]
        of_turned = [self.drawn[distinct(key, episodes, _STREAM, counts, way)] for key in keys]
        by_turn = np.stack([super()._classes_of(episodes), *of_turned], 1)
        chosen: Integers = np.take_along_axis(by_turn, turns[:, None], 1)[:, 0]
        return chosen


def turned_episodes(episodes: Episodes, augmentation: MetaMaxUp, way: int) -> Episodes:
    """The episodes to train on with an augmentation: with one that turns classes, a turned one may meet its original.

    In a pool of Meta-MaxUp classes turn after they are drawn, as in the published code, so the episodes stay as they
    are. The same holds for episodes within groups and for fixed tasks. way: of the training.
    """
    draws = augmentation.draws
    if not draws.is_single or not draws.pool[0].turns_classes or episodes.within:
        return episodes
    pools = episodes.pools if isinstance(episodes, PooledEpisodes) else PoolSettings()
    if pools.task_pool is not None:
        return episodes

    def turns(numbers: Integers) -> Integers:
        found: Integers = draws.pool[0].turns(draws.draws_of(numbers), way).numpy()
        return found

    return TurnedEpisodes(
        episodes.data,
        episodes.split,
        episodes.shape,
        episodes.seed,
        support_from=episodes.support_from,
        pools=pools,
        turns=turns,
    )
