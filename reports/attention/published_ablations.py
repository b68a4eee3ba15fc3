"""Tables 4.6 to 4.9 and 4.11 to 4.13: what each part of local self-attention contributes."""

from reports.tables.published import Mark, milliseconds, percent, text
from reports.tables.published import PublishedTable as Table

_ABSENT = Mark.ABSENT

ABLATIONS = (
    Table(
        "4.6",
        "Latency by local length",
        (
            text("token mixer"),
            milliseconds("56x56", 2),
            milliseconds("28x28", 2),
            milliseconds("14x14", 2),
            milliseconds("7x7", 2),
        ),
        (
            ("DW-Conv", 0.5, 0.46, 0.41, 0.44),
            ("MHSA", 8.13, 1.29, 0.66, 0.47),
            ("LSA-98", 0.92, 0.65, 0.59, _ABSENT),
            ("LSA-49", 0.84, 0.60, 0.56, _ABSENT),
            ("LSA-14", 0.73, 0.53, 0.48, _ABSENT),
            ("LSA-7", 0.79, 0.55, 0.49, 0.46),
        ),
        "One block, CoreML, at the resolution and width of each of the four stages in image classification.",
    ),
    Table(
        "4.7",
        "Accuracy of networks trained with one local length and run with another",
        (
            text("trained with"),
            percent("196", 1),
            percent("98", 1),
            percent("49", 1),
            percent("28", 1),
            percent("14", 1),
            percent("7", 1),
        ),
        (
            ("196", 81.7, 79.5, 75.8, 70.1, 57.3, 28.6),
            ("98", _ABSENT, 81.5, 81.1, 80.1, 78.0, 68.1),
            ("49", _ABSENT, _ABSENT, 81.4, 81.2, 80.7, 78.0),
        ),
        "ImageNet top-1; no fine-tuning in between. A length of 196 is global attention.",
    ),
    Table(
        "4.8",
        "Variants of MetaFormer",
        (
            text("LSA stages"),
            text("token mixer"),
            text("norm"),
            percent("accuracy", 1),
            milliseconds("latency", 1),
        ),
        (
            ("2", "Pooling", "LN", 81.3, 2.8),
            ("2", "DWConv", "LN", 81.4, 2.7),
            ("2", "DWConv", "BN", 80.7, 1.9),
            ("2", "DWConv", "BN-LN", 81.1, 2.0),
            ("3", "DWConv", "LN", 81.2, 3.2),
        ),
        "Token mixer: of the other stages. LN: layer norm, BN: batch norm, BN-LN: batch norm in convolution blocks and "
        "layer norm in attention blocks. Tables 4.4 and 4.13 give BN-LN a latency of 2.1 ms.",
        labels=3,
    ),
    Table(
        "4.9",
        "Dimension swapping and relative position bias",
        (
            text("network"),
            percent("ImageNet accuracy", 1),
            percent("MSCOCO box AP", 1),
            percent("MSCOCO mask AP", 1),
            percent("ADE20K mIoU", 1),
        ),
        (
            ("neither", 80.6, 39.3, 36.6, 38.2),
            ("+ swap", 81.0, 42.2, 38.9, 43.5),
            ("+ pos + swap", 81.4, 42.9, 39.2, 43.7),
        ),
        "Swapping dimensions helps most at high resolution. Table 4.11 gives the last network a mask AP of 39.3.",
    ),
    Table(
        "4.11",
        "Local attention methods at high resolution",
        (text("method"), percent("MSCOCO box AP", 1), percent("MSCOCO mask AP", 1), percent("ADE20K mIoU", 1)),
        (
            ("Win", 39.1, 36.3, 38.4),
            ("Win/Grid", 41.2, 38.2, 41.6),
            ("LSA (Ours)", 42.9, 39.3, 43.7),
        ),
    ),
    Table(
        "4.12",
        "Accuracy and latency by local length",
        (text("local length"), percent("accuracy", 1), milliseconds("latency", 1)),
        (
            ("Full", 81.7, 3.8),
            ("98", 81.5, 2.9),
            ("49", 81.4, 2.7),
            ("14", 79.6, 2.5),
            ("7", 79.3, 2.5),
        ),
        "ImageNet-1K top-1; CoreML.",
    ),
    Table(
        "4.13",
        "Normalization of MetaFormer variants",
        (
            text("backbone"),
            text("norm"),
            percent("ImageNet accuracy", 1),
            milliseconds("ImageNet latency", 1),
            percent("ADE20K mIoU", 1),
            milliseconds("ADE20K latency", 1),
            percent("MSCOCO box mAP", 1),
            milliseconds("MSCOCO latency", 1),
        ),
        (
            ("MetaFormer-S12 (LSA)", "BN-LN", 81.1, 2.1, 43.2, 10.0, 42.6, 40.9),
            ("MetaFormer-S12 (LSA)", "LN", 81.4, 2.7, 43.7, 14.6, 43.1, 49.4),
            ("MetaFormer-S18 (LSA)", "BN-LN", 82.3, 2.9, 45.3, 13.7, 44.2, 55.9),
            ("MetaFormer-S18 (LSA)", "LN", 82.3, 3.8, 45.0, 17.1, 44.3, 70.6),
            ("MetaFormer-S24 (LSA)", "BN-LN", 82.8, 3.8, 46.6, 18.0, 44.6, 77.3),
            ("MetaFormer-S24 (LSA)", "LN", 82.9, 5.1, 46.3, 22.5, 45.0, 94.7),
            ("MetaFormer-SwinS (LSA)", "BN-LN", 83.5, 5.6, 46.5, 27.3, 45.1, 129.2),
            ("MetaFormer-SwinS (LSA)", "LN", 83.7, 7.3, 46.9, 31.2, 45.8, 136.9),
        ),
        "LN: layer norm; BN-LN: batch norm in convolution blocks and layer norm in attention blocks. CoreML. Tables "
        "4.3 and 4.9 give S12 with LN a box mAP of 42.9.",
        labels=2,
    ),
)
"""Tables of ablations."""
