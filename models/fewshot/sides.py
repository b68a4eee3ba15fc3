"""Support and query images from different origins, such as drawings by different designers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from models.data.draws import Integers
from models.fewshot.class_images import ClassImages


@dataclass(frozen=True)
class Sides:
    """The images of each class in two parts, which support and queries are drawn from.

    order: (images,), numbers of the images; those of a class lie where its images do, the support's part first.
    support, query: (classes,), images in each part.
    """

    order: Integers
    support: Integers
    query: Integers

    @classmethod
    def by_origin(cls, classes: ClassImages, support_from: Sequence[str], name: str) -> Self:
        """Support images are those of the origins `support_from`, query images those of all others.

        name: of the data, for errors. Raises ValueError if the images have no origins, none is of an origin named, or
        all are of those named.
        """
        if not classes.origins:
            raise ValueError(
                f"{name} does not tell its images' origins, such as designers; support cannot be from some"
            )
        known = sorted(set(classes.origins))
        unknown = sorted(set(support_from) - set(known))
        if unknown:
            raise ValueError(f"{name} has no image from {', '.join(unknown)}; its images are from {', '.join(known)}")
        if set(support_from) == set(known):
            raise ValueError(f"support from {', '.join(known)} leaves no image of {name} for queries")
        is_query = ~np.isin(np.asarray(classes.origins), list(support_from))
        labels = np.repeat(np.arange(len(classes.counts)), classes.counts)
        query = np.bincount(labels, weights=is_query, minlength=len(classes.counts)).astype(np.int64)
        return cls(np.lexsort((is_query, labels)), np.asarray(classes.counts) - query, query)
