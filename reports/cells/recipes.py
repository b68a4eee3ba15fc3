"""How ABC turns the logic between registers into cells: scripts with a name for what they do."""

from typing import Literal

Recipe = Literal["delay", "direct", "rewrite", "area", "cover"]

_CLEAN = "strash;ifraig;scorr;dc2"
_REWRITE = "balance;rewrite;refactor;balance;rewrite;rewrite,-z;balance;refactor,-z;rewrite,-z;balance"
_CHOICES = "strash;dch,-f"
_FASTEST = "map,-B,0.9,{D}"
_SIZE = "topo;buffer,-c;topo;upsize,{D};dnsize,{D};stime,-p"

ABC_SCRIPTS: dict[Recipe, str] = {
    "delay": f"+{_CLEAN};{_CHOICES};{_FASTEST};{_SIZE}",
    "direct": f"+{_CLEAN};strash;{_FASTEST};{_SIZE}",
    "rewrite": f"+{_CLEAN};dc2;{_REWRITE};{_REWRITE};{_CHOICES};{_FASTEST};{_SIZE}",
    "area": f"+{_CLEAN};{_CHOICES};map,-a;{_SIZE}",
    "cover": f"+{_CLEAN};{_CHOICES};amap,-m;{_SIZE}",
}
"""Recipes for `abc -script`; Yosys puts the target of the delay for {D}, and commas stand for spaces.

delay: maps for the target, with structural choices. direct: the same without choices. rewrite: rewrites the logic
twice before. area: maps for the least area. cover: covers the logic with the cells of the least area, shape by shape.
All choose the cells' sizes for the target in the end.
"""
