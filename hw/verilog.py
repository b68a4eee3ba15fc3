"""Turns any Amaranth component into Verilog."""

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain
from amaranth.lib.wiring import Component

from hw.yosys import run_yosys

# Initial values are dropped: a chip powers up in an unknown state, which only a reset ends.
_CLEAN = """
read_rtlil component.il
proc
setattr -unset init w:*
opt_clean -purge
write_verilog -noattr component.v
"""


def component_verilog(component: Component, module: str, waivers: Mapping[str, str]) -> str:
    """Returns Verilog-2001 of a component, the same text on every call.

    module: name of the top module; the module of a submodule is called `MODULE_SUBMODULE`. No clock domain has a reset.
    waivers: Verilator's lint rules that the text switches off, each with the reason.
    Raises YosysError if Yosys is missing or refuses the component.
    """
    text = rtlil.convert(
        component,
        name=module,
        emit_src=False,
        missing_domain=lambda name: ClockDomain(name, reset_less=True),
    )
    with TemporaryDirectory() as folder:
        # A dot in a module name would need Verilog's escaped identifiers.
        Path(folder, "component.il").write_text(text.replace(f"{module}.", f"{module}_"), encoding="utf-8")
        run_yosys(_CLEAN, Path(folder))
        body = Path(folder, "component.v").read_text(encoding="utf-8")
    body = re.sub(r"\A/\*.*?\*/\s*", "", body, flags=re.DOTALL)
    off = "".join(f"/* verilator lint_off {rule} */ // {reason}\n" for rule, reason in waivers.items())
    on = "".join(f"/* verilator lint_on {rule} */\n" for rule in waivers)
    return f"{off}\n{body.rstrip()}\n\n{on}"
