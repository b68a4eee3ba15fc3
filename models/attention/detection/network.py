"""torchvision's Mask R-CNN on the features of our backbones."""

from collections import OrderedDict
from importlib import import_module
from math import log2
from typing import Any

from torch import Tensor, nn

from models.attention.backbones.norms import MapLayerNorm
from models.attention.backbones.staged import StagedNetwork
from models.attention.detection.operators import provide_operators
from models.attention.detection.options import DetectorOptions

_ANCHOR = 8  # sides of an anchor, in pixels of its map
_RATIOS = (0.5, 1.0, 2.0)
_CANONICAL = 14  # side of a region that is read from the third map, in that map's pixels
_BOX_BINS, _MASK_BINS, _SAMPLES = 7, 14, 2
_MASK_LAYERS = 4


class Pyramid(nn.Module):
    """Images to the maps of a feature pyramid, by name; each stage of the backbone is normalised first."""

    def __init__(self, backbone: StagedNetwork, channels: int) -> None:
        super().__init__()
        pyramid: Any = import_module("torchvision.ops.feature_pyramid_network")
        self.backbone = backbone
        self.norms = nn.ModuleList(MapLayerNorm(one) for one in backbone.channels)
        self.pyramid: nn.Module = pyramid.FeaturePyramidNetwork(
            list(backbone.channels), channels, pyramid.LastLevelMaxPool()
        )
        self.out_channels = channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = self.backbone.features(images)
        normed = zip(self.norms, maps, strict=True)
        named: dict[str, Tensor] = self.pyramid(
            OrderedDict((str(i), norm(one)) for i, (norm, one) in enumerate(normed))
        )
        return named


def mask_rcnn(backbone: StagedNetwork, classes: int, options: DetectorOptions = DetectorOptions()) -> nn.Module:
    """Mask R-CNN (He et al., 2017) for objects of `classes` categories; see torchvision.models.detection.MaskRCNN.

    backbone: without a head, since all that it has is trained. Anchors have 8 pixels of their map a side, as with 32 to
    512 pixels at strides of 4 to 64. Raises ValueError if torchvision is not installed, or the backbone has a head.
    """
    provide_operators()
    if backbone.head is not None:
        raise ValueError("the backbone of a detector has a head; make it with classes=None")
    detection: Any = import_module("torchvision.models.detection.mask_rcnn")
    boxes: Any = import_module("torchvision.models.detection.faster_rcnn")
    anchors: Any = import_module("torchvision.models.detection.anchor_utils")
    channels, hidden, strides = options.channels, options.hidden, backbone.strides
    sizes = tuple((_ANCHOR * stride,) for stride in (*strides, 2 * strides[-1]))
    network: nn.Module = detection.MaskRCNN(
        Pyramid(backbone, channels),
        min_size=options.shorter,
        max_size=options.longer,
        rpn_anchor_generator=anchors.AnchorGenerator(sizes, (_RATIOS,) * len(sizes)),
        rpn_pre_nms_top_n_train=2 * options.proposals,
        rpn_pre_nms_top_n_test=options.proposals,
        rpn_post_nms_top_n_train=2 * options.proposals,
        rpn_post_nms_top_n_test=options.proposals,
        box_batch_size_per_image=options.sampled,
        box_roi_pool=_pooling(strides, _BOX_BINS),
        box_head=boxes.TwoMLPHead(channels * _BOX_BINS**2, hidden),
        box_predictor=boxes.FastRCNNPredictor(hidden, 1 + classes),
        mask_roi_pool=_pooling(strides, _MASK_BINS),
        mask_head=detection.MaskRCNNHeads(channels, (channels,) * _MASK_LAYERS, 1),
        mask_predictor=detection.MaskRCNNPredictor(channels, channels, 1 + classes),
    )
    return network


def _pooling(strides: tuple[int, ...], bins: int) -> nn.Module:
    """Reads each region from the map that suits its size.

    Left alone, torchvision takes the strides from the first batch that it sees and rounds them, wrongly for small
    pictures with much padding, and otherwise again in a resumed run.
    """
    pooling: Any = import_module("torchvision.ops.poolers")
    middle = strides[2]
    names = [str(stage) for stage in range(len(strides))]
    made: Any = pooling.MultiScaleRoIAlign(names, bins, _SAMPLES)
    made.scales = [1 / stride for stride in strides]
    levels = [round(log2(stride)) for stride in (strides[0], strides[-1], middle)]
    made.map_levels = pooling.initLevelMapper(
        *levels[:2], canonical_scale=_CANONICAL * middle, canonical_level=levels[2]
    )
    found: nn.Module = made
    return found
