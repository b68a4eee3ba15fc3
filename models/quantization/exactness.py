"""How far float32 holds integers exactly."""

EXACT_FLOAT32 = 1 << 24
"""Magnitude from which float32 has gaps between integers."""


def check_exact(terms: int, largest_product: int, weights: str, activations: str) -> None:
    """Raises ValueError, naming both factors, if sums of so many products may have gaps in float32."""
    largest_sum = terms * largest_product
    if largest_sum >= EXACT_FLOAT32:
        raise ValueError(
            f"sums of {terms} products of {weights} and {activations} reach {largest_sum}; "
            f"float32 holds integers exactly only below {EXACT_FLOAT32}"
        )
