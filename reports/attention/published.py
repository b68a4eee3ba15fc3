"""The dissertation's Tables 4.1 to 4.13: local self-attention on phones."""

from reports.attention.published_ablations import ABLATIONS
from reports.attention.published_networks import NETWORKS
from reports.tables.published import Mark, by_number, count, milliseconds, percent, text
from reports.tables.published import PublishedTable as Table

_MIXERS = (
    Table(
        "4.1",
        "Latency and reshape operations of transformers with local self-attention",
        (
            text("token mixer"),
            milliseconds("original", 1),
            milliseconds("ours, iOS 15.2", 1),
            milliseconds("ours, iOS 16.0", 1),
            count("reshapes"),
        ),
        (
            ("Attention", 3.8, 3.8, 3.8, 32),
            ("Window", Mark.UNSUPPORTED, 2.8, 2.8, 62),
            ("CS Window", Mark.UNSUPPORTED, 14.6, 3.2, 170),
            ("Mobile-Friendly (Ours)", 2.7, 2.7, 2.7, 32),
        ),
        "iPhone 13 Pro, Apple Neural Engine. The original implementations of window attention are not supported there. "
        "Latency rises with the number of reshapes, above all on the older iOS.",
    ),
    Table(
        "4.2",
        "Efficient attention mechanisms in the MetaFormer architecture",
        (text("method"), percent("accuracy", 1), milliseconds("latency", 1), count("reshapes")),
        (
            ("SRA", 80.0, 2.4, 32),
            ("Swin", 80.8, 2.8, 62),
            ("Win/Grid", 81.3, 2.8, 62),
            ("CSWin", 81.4, 3.2, 170),
            ("Mobile-friendly (Ours)", 81.4, 2.7, 32),
        ),
        "Top-1 accuracy on ImageNet; latency of CoreML on an iPhone 13 Pro with iOS 16.0. Swin without shifted "
        "windows.",
    ),
    Table(
        "4.3",
        "Global and local self-attention by stage",
        (
            text("stages"),
            percent("ImageNet accuracy", 1),
            milliseconds("ImageNet latency", 1),
            percent("ADE20K mIoU", 1),
            milliseconds("ADE20K latency", 1),
            percent("MSCOCO box mAP", 1),
            milliseconds("MSCOCO latency", 1),
        ),
        (
            ("CCCC", 78.6, 1.3, 35.4, 5.2, 37.5, 17.6),
            ("CCCA", 79.0, 1.9, 37.0, 9.3, 41.3, 47.1),
            ("CCAA", 81.7, 3.8, 43.9, 36.8, 43.8, Mark.ABSENT),
            ("Ours", 81.4, 2.7, 43.7, 14.6, 42.9, 49.4),
        ),
        "C: depth-wise convolution, A: global attention. iPhone Neural Engine. At 1024x1024 pixels, global attention "
        "in two stages is too expensive to measure. Table 4.13 gives the last row's network a box mAP of 43.1.",
    ),
)

PUBLISHED = by_number(*_MIXERS, *NETWORKS, *ABLATIONS)
"""The tables of chapter 4, by number."""
