"""`wrapmac train`: networks, by the methods of the registry."""

from typing import Annotated, Any, Union

from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, Suppress, arg, subcommand

from reports.commands.methods.method import Training
from reports.commands.methods.registry import METHODS

# The last member, which tyro does not show, keeps a registry of one method a union, and so a set of subcommands.
_SUBCOMMANDS: Any = Union[
    *(Annotated[method.training, subcommand(name)] for name, method in METHODS.items()),
    Annotated[None, Suppress],
]


def train(training: Annotated[Training, arg(constructor=_SUBCOMMANDS), OmitArgPrefixes, OmitSubcommandPrefixes]) -> int:
    """Train a network by one of the methods; print how it does on held-out data."""
    tables = training.run()
    if tables:
        from reports.commands.output import show

        show(tables, notes=True)
    return 0
