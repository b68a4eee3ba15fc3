"""Chapter 4's tables agree with each other and with what the dissertation's prose says of them."""

from statistics import mean

import pytest

from reports.attention.published import PUBLISHED

VARIANTS = ("MetaFormer-S12 (LSA)", "MetaFormer-S18 (LSA)", "MetaFormer-S24 (LSA)", "MetaFormer-SwinS (LSA)")


def figure(number: str, row: str, heading: str) -> float:
    return PUBLISHED[number].numeric(row, heading)


def test_shapes() -> None:
    assert {number: (len(table.rows), len(table.columns) - table.labels) for number, table in PUBLISHED.items()} == {
        "4.1": (4, 4),
        "4.2": (5, 3),
        "4.3": (4, 6),
        "4.4": (32, 7),
        "4.5": (16, 5),
        "4.6": (6, 4),
        "4.7": (3, 6),
        "4.8": (5, 2),
        "4.9": (3, 4),
        "4.10": (17, 6),
        "4.11": (3, 3),
        "4.12": (5, 2),
        "4.13": (8, 6),
    }


def test_mixers_have_the_same_reshapes_and_latency_in_two_tables() -> None:
    for first, second in (
        ("Window", "Swin"),
        ("CS Window", "CSWin"),
        ("Mobile-Friendly (Ours)", "Mobile-friendly (Ours)"),
    ):
        assert figure("4.1", first, "reshapes") == figure("4.2", second, "reshapes")
        assert figure("4.1", first, "ours, iOS 16.0") == figure("4.2", second, "latency")


def test_reshapes_are_those_of_eight_attention_blocks() -> None:
    # Four an attention block; window attention in the six of stage 3 takes nine, cross-shaped windows 27.
    blocks = {stage: int(figure("4.10", f"{stage}, blocks", "S12")) for stage in ("stage 3", "stage 4")}
    for method, in_stage_3 in (("SRA", 4), ("Win/Grid", 9), ("CSWin", 27)):
        assert figure("4.2", method, "reshapes") == in_stage_3 * blocks["stage 3"] + 4 * blocks["stage 4"]


def test_the_default_network_has_the_same_figures_everywhere() -> None:
    ours = {
        (figure("4.2", "Mobile-friendly (Ours)", "accuracy"), figure("4.2", "Mobile-friendly (Ours)", "latency")),
        (figure("4.3", "Ours", "ImageNet accuracy"), figure("4.3", "Ours", "ImageNet latency")),
        (figure("4.8", "2, DWConv, LN", "accuracy"), figure("4.8", "2, DWConv, LN", "latency")),
        (figure("4.12", "49", "accuracy"), figure("4.12", "49", "latency")),
        (
            figure("4.13", f"{VARIANTS[0]}, LN", "ImageNet accuracy"),
            figure("4.13", f"{VARIANTS[0]}, LN", "ImageNet latency"),
        ),
    }
    assert len(ours) == 1
    assert figure("4.9", "+ pos + swap", "ImageNet accuracy") == figure("4.7", "49", "49")
    detection = {figure("4.3", "Ours", "MSCOCO box mAP"), figure("4.9", "+ pos + swap", "MSCOCO box AP")}
    assert detection == {figure("4.11", "LSA (Ours)", "MSCOCO box AP")}
    full = (figure("4.12", "Full", "accuracy"), figure("4.12", "Full", "latency"))
    assert full == (figure("4.3", "CCAA", "ImageNet accuracy"), figure("4.3", "CCAA", "ImageNet latency"))
    assert figure("4.7", "98", "98") == figure("4.12", "98", "accuracy")
    assert figure("4.7", "196", "196") == full[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_have_the_same_figures_in_three_tables(variant: str) -> None:
    row = f"{variant}, BN-LN"
    assert figure("4.4", variant, "accuracy") == figure("4.13", row, "ImageNet accuracy")
    assert figure("4.4", variant, "CoreML") == figure("4.13", row, "ImageNet latency")
    for heading in ("ADE20K mIoU", "ADE20K latency", "MSCOCO latency"):
        assert figure("4.5", variant, heading) == figure("4.13", row, heading)
    assert figure("4.5", variant, "MSCOCO box AP") == figure("4.13", row, "MSCOCO box mAP")


def test_gains_over_other_networks_are_those_of_the_text() -> None:
    def gain(ours: str, theirs: str, heading: str) -> float:
        return round(figure("4.5", ours, heading) - figure("4.5", theirs, heading), 2)

    small, large = VARIANTS[0], VARIANTS[2]
    assert gain(small, "EfficientFormer-L3", "MSCOCO box AP") == 1.2
    assert gain(small, "EfficientFormer-L3", "MSCOCO mask AP") == 0.9
    assert gain(large, "EfficientFormer-L7", "MSCOCO box AP") == 2
    assert gain(large, "EfficientFormer-L7", "MSCOCO mask AP") == 1.6
    assert gain(large, "EfficientFormer-L7", "ADE20K mIoU") == 1.5
    assert figure("4.4", VARIANTS[3], "accuracy") - figure("4.4", "Swin-S", "accuracy") == pytest.approx(0.5)


def test_layer_norm_costs_what_the_text_says() -> None:
    def change(heading: str) -> list[tuple[float, float]]:
        return [(figure("4.13", f"{one}, BN-LN", heading), figure("4.13", f"{one}, LN", heading)) for one in VARIANTS]

    for heading, percent in (("ImageNet latency", 30), ("ADE20K latency", 28), ("MSCOCO latency", 20)):
        assert mean(after / before - 1 for before, after in change(heading)) == pytest.approx(percent / 100, abs=0.015)
    assert mean(after - before for before, after in change("MSCOCO box mAP")) == pytest.approx(0.4, abs=0.05)
    assert mean(after - before for before, after in change("ImageNet accuracy")) == pytest.approx(0.2, abs=0.055)


def test_next_vit_saves_parameters_and_operations_with_local_attention() -> None:
    for size in "SBL":
        for heading in ("parameters", "FLOPs"):
            assert figure("4.4", f"Next-ViT-{size} (LSA)", heading) < figure("4.4", f"Next-ViT-{size}", heading)
