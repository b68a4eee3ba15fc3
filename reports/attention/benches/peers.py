"""Hybrid and convolutional networks of timm that a user might pick instead, with their published accuracies."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from torch import nn

from models.timm_package import timm_package


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A network of timm.

    model: its name there. accuracy: top-1 on ImageNet-1K in percent, as its authors publish it. distilled: whether a
    larger network taught it. sized: whether it is built for one size of images.
    """

    model: str
    accuracy: float
    distilled: bool = False
    sized: bool = False


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "efficientformerv2-s2": Peer(model="efficientformerv2_s2", accuracy=81.6, distilled=True, sized=True),
        "iformer-m": Peer(model="iformer_m", accuracy=80.4),
        "repvit-m1.5": Peer(model="repvit_m1_5", accuracy=82.3, distilled=True),
        "fastvit-sa12": Peer(model="fastvit_sa12", accuracy=80.9),
        "mobilenetv4-hybrid-m": Peer(model="mobilenetv4_hybrid_medium", accuracy=80.7),
        "mobilevitv2-1.0": Peer(model="mobilevitv2_100", accuracy=78.1),
        "poolformer-s12": Peer(model="poolformer_s12", accuracy=77.2),
    }
)
"""Peers by name: EfficientFormerV2 (Li et al., 2023), iFormer (Zheng, 2025), RepViT (Wang et al., 2024; 300 epochs),
FastViT (Vasu et al., 2023), MobileNetV4 (Qin et al., 2024), MobileViTv2 and PoolFormer (Table 4.4)."""


def peer_network(peer: Peer, size: tuple[int, int]) -> nn.Module:
    """The network with random weights, for images of this height and width, its branches merged for inference.

    Raises ValueError if timm is not installed or lacks the network.
    """
    timm = timm_package()
    if not timm.is_model(peer.model):
        raise ValueError(f"timm {timm.__version__} has no {peer.model}; a later one has: pip install -U timm")
    options = {"img_size": size} if peer.sized else {}
    network = timm.create_model(peer.model, **options).eval()
    merged: nn.Module = import_module("timm.utils").reparameterize_model(network, inplace=True)
    return merged
