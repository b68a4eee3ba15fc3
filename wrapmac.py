"""wrapmac: multiply-accumulate units with wrap-around accumulators, from training to checked hardware."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper

import tyro

from hw.tools import ToolError
from models.memory import is_lack_of_memory

COMMANDS = {
    "flow": "Train a small WrapNet, export a layer, generate and check the published units, map them to gates, report.",
    "generate": "Write the Verilog of units, by name or by parameters, to DIR/NAME.v.",
    "check": "Check units bit for bit against the PyTorch model, with coverage. Exit code 1 if one fails.",
    "synth": (
        "Map units to standard cells; print the area by part and whether the netlist is proved equal to the Verilog."
    ),
    "prove": (
        "Prove units and their parts equal to their specification for every input sequence. Exit code 1 if one is not."
    ),
    "layout": (
        "Place and route units in an open standard-cell library; print area, cycle time and energy beside the "
        "published."
    ),
    "fpga": "Map units to FPGAs, place and route them; print the cells they take and their clock frequencies.",
    "sweep": (
        "Sweep over the ways to build and map units; find the Pareto front of area against cycle time after layout."
    ),
    "mutants": "Break gates of mapped units, one at a time: does the bench notice? Exit code 1 if a mutant survives.",
    "dataset": "Make data sets: classes of shapes or drawings for few-shot learning, scenes of labelled objects.",
    "train": "Train a network by one of the methods; print how it does on held-out data.",
    "evaluate": "Run a trained network on held-out data: accuracies, WrapNet's overflow rates, probes of encoders.",
    "measure": (
        "Measure the features of a few-shot run: how classes separate and, given RUN2, how alike the two runs are."
    ),
    "export": "Write a trained network for kernels, hardware, phones, plain torch and ONNX.",
    "classify": (
        "Tell the classes of pictures by a network in integers, on the kernels: best ones with scores, images a second."
    ),
    "embed": "Write a self-supervised encoder's features of the pictures in a folder; draw them in a plane.",
    "bench": "Measure contenders side by side: in one run, in turn.",
    "models": ("List backbones with local self-attention: parameters and multiply-adds, beside the published ones."),
    "table": "Show tables of the dissertation; where networks are trained for them, beside our own figures.",
    "figure": ("Draw figures of the dissertation as PNG and SVG; networks that some need are trained as for `table`."),
    "redraw": "Write the page, Markdown and figures of a finished flow or layout again, from its record.",
}
"""One line on each command. Its module is `reports.commands.NAME`, imported for this command alone."""


def main() -> None:
    """Runs the command line and exits: 0 if all is well, 1 if a check failed, 2 for bad input or a missing tool."""
    _prepare_streams()
    os.environ.setdefault("PATH", os.defpath)
    try:
        try:
            code = run(sys.argv[1:])
        finally:
            sys.stdout.flush()  # here, where its errors are caught
    except BrokenPipeError:  # the reader of the output has seen enough, as `head` has
        code = 128 + signal.SIGPIPE
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        if os.environ.get("WRAPMAC_TRACEBACK"):
            _complain(traceback.format_exc())
        _complain(f"wrapmac: error: {_on_one_line(str(reason))}\n")
        code = 2
    except KeyboardInterrupt:
        _complain("wrapmac: interrupted\n")
        code = 130
    _end_output()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code. Raises what the command raises, SystemExit for help and bad usage."""
    name = arguments[0] if arguments else ""
    if name in COMMANDS:
        code: int = tyro.cli(_command(name), prog=f"wrapmac {name}", args=arguments[1:])
        return code
    # A completion script needs every command's options; help and bad usage need the list alone.
    wants_options = name.startswith("--tyro-")
    commands = {
        name: _command(name) if wants_options else _placeholder(description) for name, description in COMMANDS.items()
    }
    code = tyro.extras.subcommand_cli_from_dict(commands, prog="wrapmac", description=__doc__, args=arguments)
    return code


def _command(name: str) -> Callable[..., int]:
    command: Callable[..., int] = getattr(import_module(f"reports.commands.{name}"), name)
    return command


def _placeholder(description: str) -> Callable[[], int]:
    """Stands for a command in the list of commands, so that its module need not be imported."""

    def command() -> int:
        raise NotImplementedError

    command.__doc__ = description
    return command


def _prepare_streams() -> None:
    """Opens the null device for closed standard streams, whose places the next opened files would take.

    Characters that the terminal does not know are replaced.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it stays open
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _on_one_line(message: str) -> str:
    """A message without the line ends and control characters that names of files may bring in."""
    return "".join(letter if letter.isprintable() else " " for letter in message)


def _reason(error: Exception) -> object:
    """What to tell the user about an error; None for one that only a developer can mend."""
    if isinstance(error, ValueError | OSError | ToolError):
        return error
    if is_lack_of_memory(error):
        return "this needs more memory than there is; in training, a smaller width or batch size needs less"
    return None


def _complain(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text)


def _end_output() -> None:
    """Drops output that cannot be written: the interpreter would try again as it ends, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
