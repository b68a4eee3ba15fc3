"""wrapmac: multiply-accumulate units with wrap-around accumulators, from training to checked hardware."""

import os
import signal
import sys
import traceback
from collections.abc import Callable

import tyro

from hw.tools import ToolError
from reports.commands.fpga import fpga
from reports.commands.networks import evaluate, export, train
from reports.commands.results import bench, figure, redraw, table
from reports.commands.silicon import layout, sweep
from reports.commands.units import check, flow, generate, mutants, prove, synth


def main() -> None:
    """Runs the command line: exit code 0 if all is well, 1 if a check failed, 2 for bad input or a missing tool."""
    commands: dict[str, Callable[..., int]] = {
        "flow": flow,
        "generate": generate,
        "check": check,
        "synth": synth,
        "prove": prove,
        "layout": layout,
        "fpga": fpga,
        "sweep": sweep,
        "mutants": mutants,
        "train": train,
        "evaluate": evaluate,
        "export": export,
        "bench": bench,
        "table": table,
        "figure": figure,
        "redraw": redraw,
    }
    try:
        try:
            sys.exit(tyro.extras.subcommand_cli_from_dict(commands, prog="wrapmac", description=__doc__))
        finally:
            sys.stdout.flush()  # here, where an output that is closed is noticed
    except BrokenPipeError:  # the reader of the output has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains as it ends
        sys.exit(128 + signal.SIGPIPE)
    except (ValueError, OSError, ToolError) as error:
        if os.environ.get("WRAPMAC_TRACEBACK"):
            traceback.print_exc()
        print(f"wrapmac: error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("wrapmac: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
