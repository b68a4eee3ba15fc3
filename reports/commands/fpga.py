"""`wrapmac fpga`: units on FPGAs."""

from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import Designs, JsonFile, ProofLimit, chosen_designs, ensure_outputs
from reports.fpga.nextpnr import DEVICES
from reports.mac.synthesis import PROOF_LIMIT


def fpga(
    names: Designs,
    /,
    device: Annotated[
        tuple[str, ...], arg(metavar="DEVICE", help=f"FPGAs to try, one or more of {', '.join(DEVICES)}")
    ] = ("ice40-hx8k",),
    seeds: Annotated[int, arg(metavar="N", help="places and routes each unit with the seeds 1 to N")] = 9,
    dsp: Annotated[bool, arg(help="lets multiplications use the device's multiplier blocks, if it has any")] = False,
    proof_limit: ProofLimit = PROOF_LIMIT,
    json_file: JsonFile = None,
    out: Annotated[
        Path | None, arg(metavar="DIR", help="keep netlists and nextpnr's reports, in DIR/DEVICE/NAME")
    ] = None,
) -> int:
    """Map units to FPGAs, place and route them; print the cells they take and their clock frequencies.

    Needs: pip install 'wrapmac[fpga]'. The first run prepares nextpnr, which may take half a minute. Exit code 1 if a
    netlist is not proved equal to the Verilog.
    """
    designs = chosen_designs(names)

    from models.progress import Progress
    from reports.commands.output import show, write_json
    from reports.fpga.report import FpgaTrials, fpga_report
    from reports.fpga.tables import fpga_tables

    devices = tuple(dict.fromkeys(device))
    trials = FpgaTrials(designs, devices, seeds, dsp, proof_limit)
    ensure_outputs(json_file, folders=[out])
    with Progress() as progress, TemporaryDirectory() if out is None else nullcontext(out) as folder:
        report = fpga_report(trials, Path(folder), progress)
    write_json(json_file, report)
    show(fpga_tables(report["designs"]))
    return 0 if all(design["equivalent"] for design in report["designs"]) else 1
