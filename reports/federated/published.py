"""The dissertation's Tables 3.1 to 3.3: quantization-aware training of speech models in federated rounds."""

from reports.tables.published import Mark, by_number, count, number, text
from reports.tables.published import PublishedTable as Table

_WORD_ERROR_RATES = (
    number("test-clean", 1, "WER, %"),
    number("test-other", 1, "WER, %"),
    number("dev-clean", 1, "WER, %"),
    number("dev-other", 1, "WER, %"),
)

PUBLISHED = by_number(
    Table(
        "3.1",
        "FedSGD with FedAQT at several bit-widths",
        (text("bit-width"), *_WORD_ERROR_RATES),
        (
            ("float32", 4.8, 10.2, 4.7, 10.3),
            ("int8", 4.8, 10.2, 4.7, 10.3),
            ("int4", 4.9, 10.3, 4.7, 10.3),
        ),
        "LibriSpeech; a Conformer of about 133M parameters, pre-trained on other data, then 6000 steps with 128 "
        "clients each. Even with 4-bit weights the word error rate stays close to the float model's.",
    ),
    Table(
        "3.2",
        "Peak memory of one round of federated training on a device",
        (text("variables"), count("memory"), count("saving")),
        (
            ("float32", 734188, Mark.ABSENT),
            ("float16", 568012, 166176),
            ("int8", 468312, 265876),
        ),
        "The columns are headed MB, but the figures are kB: the text says that float16 saves roughly 160 MB.",
    ),
    Table(
        "3.3",
        "FedAVG with 8-bit weights against other quantization methods",
        (text("method"), *_WORD_ERROR_RATES),
        (
            ("float32", 2.0, 4.4, 1.9, 4.3),
            ("QAT", 2.0, 4.5, 1.9, 4.3),
            ("FedAQT", 2.0, 4.4, 1.9, 4.3),
        ),
        "LibriSpeech; Conformer-L, only its encoder quantized. QAT: centralized quantization-aware training.",
    ),
)
"""The tables of chapter 3, by number."""
