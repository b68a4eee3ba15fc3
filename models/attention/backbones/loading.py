"""Loads the weights of one backbone into another of the same variant."""

from collections.abc import Mapping

from torch import Tensor

from models.attention.backbones.staged import StagedNetwork

_HEAD = "head."
_CLASSIFIER = "head.classifier."
_POSITION_TABLE = "position_bias.table"


def load_weights(network: StagedNetwork, weights: Mapping[str, Tensor], *, new_classifier: bool = False) -> None:
    """Copies weights into a network for any resolution.

    Position tables of another length are cut or interpolated. A network without a head leaves out the head's weights.
    new_classifier: the classifier, for other classes, keeps its own weights. Raises ValueError, before anything is
    copied, if the weights are of another variant.
    """
    own = network.state_dict()
    skipped = _HEAD if network.head is None else _CLASSIFIER if new_classifier else None
    chosen = {key: tensor for key, tensor in weights.items() if skipped is None or not key.startswith(skipped)}
    expected = {key for key in own if skipped is None or not key.startswith(skipped)}
    _check_keys(expected, set(chosen))
    for key, tensor in chosen.items():
        _check_shape(key, own[key], tensor)
    network.load_state_dict(chosen, strict=skipped is None)


def _check_keys(expected: set[str], found: set[str]) -> None:
    for kind, keys in (("lack", expected - found), ("hold, beyond the network's,", found - expected)):
        if keys:
            others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise ValueError(f"weights are of another variant: they {kind} {min(keys)!r}{others}")


def _check_shape(key: str, own: Tensor, found: Tensor) -> None:
    # A table of another length is changed as it is loaded; its heads must be the same.
    same = own.shape[:1] == found.shape[:1] if key.endswith(_POSITION_TABLE) else own.shape == found.shape
    if not same:
        raise ValueError(
            f"weights are of another variant: {key!r} has shape {tuple(found.shape)}, the network's {tuple(own.shape)}"
        )
