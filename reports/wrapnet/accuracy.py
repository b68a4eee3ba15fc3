"""The accuracy of a trained network and its rivals, as a table."""

from typing import Any

from reports.tables.table import Table


def accuracy_table(layer: dict[str, Any]) -> Table:
    """Accuracy and overflow rates of the trained network and its rivals (in the manner of Table 2.1)."""
    rows = []
    for name, accuracy in layer["accuracies"].items():
        rates = ", ".join(f"{rate:.1%}" for rate in accuracy["overflow_rates"]) or "-"
        rows.append((name, f"{accuracy['accuracy']:.1%}", rates))
    return Table(
        "Held-out accuracy (in the manner of Table 2.1)",
        ("network", "accuracy", "overflow rate by quantized layer"),
        rows,
        f"{layer['held_out_images']} held-out images of {layer['data']}, {layer['weight_bits']}-bit weights, "
        f"{layer['activation_bits']}-bit activations, {layer['accumulator_bits']}-bit accumulators, "
        f"k = {layer['slope']}; one seed, so one image is {100 / layer['held_out_images']:.2f} points. "
        f"The float network was trained for {layer['epochs']} epochs, the exact-accumulator network for "
        f"{2 * layer['epochs']}, WrapNet for {3 * layer['epochs']}. Plain wrap is the exact-accumulator network run, "
        "not retrained, on accumulators that wrap. The overflow rate is the share of sums outside the accumulator.",
    )
