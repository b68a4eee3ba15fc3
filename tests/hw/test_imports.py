"""The hardware generators load neither networks nor plots."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["hw", "hw.mac.design", "hw.mac.verilog"])
def test_generators_load_neither_networks_nor_plots(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "matplotlib", "models", "sim", "reports"}.isdisjoint(loaded)
