"""Outputs for a task's queries, with batch norm in its named modes."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNormMode, batch_norm_of
from models.fewshot.inner.functional import Network

_IMAGES_AT_ONCE = 512


def query_logits(
    network: Network, parameters: Mapping[str, Tensor], support: Tensor, query: Tensor, mode: BatchNormMode | None
) -> Tensor:
    """Logits (queries, ways) of one task's queries under its parameters.

    support, query: images (n, channels, height, width). mode: that of the network's batch norms, None if it has none.
    In mode `episode` the queries' statistics are their own, all together, so they change each other's logits, as in the
    published MAML and Reptile. In mode `support` the statistics are those of the support and one query at a time.
    """
    if mode != "support":
        return network(parameters, query)
    return _each_with(support, query, lambda images: network(parameters, images))


def task_features(encoder: nn.Module, support: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
    """Features (tasks, n, d) of support and queries, for heads on top of an encoder.

    support, query: images (tasks, n, channels, height, width). Batch norm in mode `running` takes all images together,
    in mode `episode` the support and queries of each task, and in mode `support` the support of each task alone, then
    each query with it.
    """
    mode, shots = batch_norm_of(encoder), support.shape[1]
    if mode == "support":
        of_queries = [_each_with(*task, encoder) for task in zip(support, query, strict=True)]
        return torch.vmap(encoder, randomness="different")(support), torch.stack(of_queries)
    images = torch.cat([support, query], 1)
    if mode == "episode":
        features = torch.vmap(encoder, randomness="different")(images)
    else:
        features = encoder(images.flatten(0, 1)).unflatten(0, images.shape[:2])
    return features[:, :shots], features[:, shots:]


def _each_with(support: Tensor, query: Tensor, network: Callable[[Tensor], Tensor]) -> Tensor:
    """The last output of the support and one query, query by query: (queries, d)."""

    def of_one(image: Tensor) -> Tensor:
        return network(torch.cat([support, image[None]]))[-1]

    chunk = max(1, _IMAGES_AT_ONCE // (len(support) + 1))
    outputs: Tensor = torch.vmap(of_one, randomness="different", chunk_size=chunk)(query)
    return outputs
