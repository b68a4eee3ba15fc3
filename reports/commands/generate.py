"""`wrapmac generate`: the Verilog of units."""

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from hw.mac.design import MacDesign
from reports.commands.options import Designs, Out, chosen_designs, ensure_outputs


def generate(
    names: Designs = (),
    /,
    out: Out = Path("build/verilog"),
    activation_bits: Annotated[int | None, arg(metavar="1..16", help="width of the unsigned activation, bits")] = None,
    weight_bits: Annotated[
        int | None, arg(metavar="1..16", help="width of the weight, bits; 1 bit is -1 or +1")
    ] = None,
    accumulator_bits: Annotated[int | None, arg(metavar="2..64", help="width of the accumulator, bits")] = None,
    slope: Annotated[
        int | None, arg(metavar="K", help="slope of the cyclic activation, at least 1; leave out for none")
    ] = None,
) -> int:
    """Write the Verilog of units, by name or by parameters, to DIR/NAME.v.

    The first run on a machine prepares Yosys, which takes a minute.
    """
    named = chosen_designs(names, required=False)
    widths = {"activation_bits": activation_bits, "weight_bits": weight_bits, "accumulator_bits": accumulator_bits}
    if slope is not None or any(bits is not None for bits in widths.values()):
        named.append(_design_of(widths, slope))
    designs = list(dict.fromkeys(named))
    if not designs:
        raise ValueError("name a design, or give --activation-bits, --weight-bits and --accumulator-bits")

    from hw.mac.verilog import mac_verilog
    from models.files import write_text
    from models.progress import Progress

    paths = [out / f"{design.name}.v" for design in designs]
    ensure_outputs(*paths)
    with Progress() as progress:
        task = progress.task("generating", len(designs))
        for design, path in zip(designs, paths, strict=True):
            write_text(path, mac_verilog(design))
            task.advance(note=design.name)
    for path in paths:
        print(path)
    return 0


def _design_of(widths: dict[str, int | None], slope: int | None) -> MacDesign:
    """The design with these widths. Raises ValueError if one is missing."""
    given: dict[str, Any] = {name: bits for name, bits in widths.items() if bits is not None}
    missing = [f"--{name.replace('_', '-')}" for name in widths if name not in given]
    if missing:
        raise ValueError(f"a unit by parameters needs all three widths; missing: {', '.join(missing)}")
    return MacDesign(**given, slope=slope)
