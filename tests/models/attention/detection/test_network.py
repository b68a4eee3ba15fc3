"""Mask R-CNN on our backbones: sizes, pictures without objects, gradients of all that it has."""

import pytest
import torch

from models.attention.backbones.registry import backbone
from models.attention.detection.learning import detection_loss, precisions
from models.attention.detection.network import mask_rcnn
from models.attention.detection.options import DetectorOptions
from models.attention.detection.pictures import scene_source
from models.data.scenes.scene_set import SceneSet
from tests.support.packages import need_torchvision

OPTIONS = DetectorOptions(shorter=64, longer=96, channels=16, hidden=32, proposals=20, sampled=16)


def detector() -> torch.nn.Module:
    need_torchvision()
    return mask_rcnn(backbone("s12", width=1 / 16, classes=None, length=16), 6, OPTIONS)


def test_pictures_with_and_without_objects_train_all_parameters_and_are_measured() -> None:
    network = detector()
    source = scene_source(SceneSet(8, 64), SceneSet(2, 64, held_out=True), workers=0)
    pictures = [source.train[number] for number in range(8)]
    with_objects = [one for one in pictures if len(one[1].labels)][:2]
    pixels, objects = with_objects[0]
    empty = pixels, type(objects)(*(getattr(objects, name)[:0] for name in objects.__dataclass_fields__))
    for batch in (with_objects, [empty, empty]):
        network.zero_grad()
        result = detection_loss(network.train(), batch)
        assert set(result.metrics) == {
            "loss_objectness",
            "loss_rpn_box_reg",
            "loss_classifier",
            "loss_box_reg",
            "loss_mask",
        }
        result.loss.backward()
        assert torch.isfinite(result.loss)
        assert [name for name, one in network.named_parameters() if one.grad is None] == []
    figures = precisions(network, source.held_out_batches(2))
    assert {"box_AP", "mask_AP"} <= set(figures)
    assert all(0 <= value <= 1 for value in figures.values())


@torch.no_grad()
def test_regions_are_read_at_the_strides_of_the_maps_whatever_came_first() -> None:
    """Also after one that padding makes half as high again, from 65 to 96 pixels."""
    network = detector().eval()
    image = [torch.rand(3, 64, 96)]
    fresh = network(image)[0]["boxes"]
    again = detector().eval()
    again.load_state_dict(network.state_dict())
    again([torch.rand(3, 65, 64)])
    assert torch.equal(again(image)[0]["boxes"], fresh)
    assert network.get_submodule("roi_heads").box_roi_pool.scales == [1 / 4, 1 / 8, 1 / 16, 1 / 32]


def test_a_backbone_with_a_head_is_refused() -> None:
    need_torchvision()
    with pytest.raises(ValueError, match="classes=None"):
        mask_rcnn(backbone("s12", width=1 / 16, classes=10), 6, OPTIONS)


@pytest.mark.parametrize("changes", [{"shorter": 0}, {"hidden": 0}, {"longer": 10}])
def test_impossible_sizes_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        DetectorOptions(**changes)


def test_without_torchvision_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.torchvision_package.find_spec", lambda name: None)
    from models.torchvision_package import torchvision_package

    torchvision_package.cache_clear()
    with pytest.raises(ValueError, match="torchvision is not installed"):
        torchvision_package()
