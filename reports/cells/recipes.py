"""ABC scripts that map the logic between registers to cells."""

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
"""Recipes for `abc -script`. Yosys replaces {D} by the target delay; commas stand for spaces.

delay: maps for the target delay, with structural choices. direct: as delay, without choices. rewrite: rewrites the
logic twice, then maps as delay does. area: maps for minimum area. cover: maps for minimum area by structural covering
(`amap`). All finish by buffering and sizing the cells for the target delay.
"""
