"""The dissertation's Tables 2.7 and 2.8, and the time of a whole ResNet-18."""

from reports.tables.published import PublishedTable, by_number, count, milliseconds, text

_COMPUTER = "3x3 convolutions of ResNet-18, single images, on an Intel i7-7700HQ at 2.8 GHz."

PUBLISHED = by_number(
    PublishedTable(
        "2.7",
        "Time of 3x3 convolutions by accumulator width",
        (text("input"), count("outputs"), milliseconds("8 bits", 3), milliseconds("32 bits", 3)),
        (
            ("64x56x56", 64, 3.467, 8.339),
            ("128x28x28", 128, 2.956, 6.785),
            ("256x14x14", 256, 2.499, 5.498),
            ("512x7x7", 512, 2.710, 5.520),
        ),
        f"{_COMPUTER} AVX2: Gemmlowp with 32-bit accumulators, and its extension to 8-bit ones. The cyclic activation "
        "takes about a tenth of the matrix multiplication's time.",
    ),
    PublishedTable(
        "2.8",
        "Time of 3x3 convolutions without vector instructions",
        (text("input"), count("outputs"), milliseconds("packed", 3), milliseconds("naive", 3)),
        (
            ("64x56x56", 64, 29.80, 83.705),
            ("128x28x28", 128, 23.86, 80.557),
            ("256x14x14", 256, 21.71, 86.753),
            ("512x7x7", 512, 20.41, 87.671),
        ),
        f"{_COMPUTER} Packed: four 8-bit integers in a word of 32 bits, with buffer bits; printed with two decimals.",
    ),
)
"""The tables by number."""

KERNEL_MILLISECONDS: dict[str, tuple[float, ...]] = {
    layer: tuple(
        PUBLISHED[number].numeric(layer, heading)
        for number, heading in (("2.7", "8 bits"), ("2.7", "32 bits"), ("2.8", "packed"), ("2.8", "naive"))
    )
    for layer in PUBLISHED["2.7"].names
}
"""Tables 2.7 and 2.8: ms with accumulators of 8 and of 32 bits by AVX2; without vectors, packed and naive."""

RESNET18_MILLISECONDS = (234.74, 312.42)
"""Time of a whole ResNet-18 with accumulators of 8 and of 32 bits (section 2.4.5)."""
