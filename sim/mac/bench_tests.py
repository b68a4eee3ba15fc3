"""The cocotb tests of a multiply-accumulate unit, which sim.mac.bench runs inside a simulator."""

import time
from pathlib import Path
from typing import Any

import cocotb
import torch

from hw.mac.design import MacDesign
from models.integer_network.layer import LayerExport
from sim.benches import read_job, write_verdict
from sim.mac.coverage import bins
from sim.mac.drivers import MacBench, Verdict
from sim.mac.stimulus import families, trained_layer

JOB = read_job()
DESIGN = MacDesign.parse(JOB["design"])
VERDICT = Verdict()
LAYER_RATE: dict[str, float] = {}

torch.set_num_threads(1)


@cocotb.test()
@cocotb.parametrize(family=list(families()))
async def agrees_with_the_golden_model(dut: Any, family: str) -> None:
    """Compares every output of every cycle with the PyTorch model's, over one family of stimuli."""
    bench = MacBench(dut, DESIGN, JOB["lanes"], JOB["preload"], VERDICT)
    earlier = len(VERDICT.first_mismatches)
    await bench.check(family, families()[family](DESIGN, JOB["seed"]))
    assert not VERDICT.first_mismatches[earlier:], VERDICT.first_mismatches[earlier]


@cocotb.test(skip=JOB["layer"] is None)
async def computes_the_trained_layer(dut: Any) -> None:
    """Compares dot products of a trained layer's weights and the activations of held-out images."""
    bench = MacBench(dut, DESIGN, JOB["lanes"], JOB["preload"], VERDICT)
    earlier = len(VERDICT.first_mismatches)
    started = time.perf_counter()
    layer = LayerExport.load(Path(JOB["layer"]))
    stimuli = trained_layer(DESIGN, layer, JOB["layer_dots"], JOB["lanes"], JOB["seed"])
    await bench.check("trained layer", stimuli)
    LAYER_RATE["layer_macs"] = sum(len(stimulus.cycles) for stimulus in stimuli)
    LAYER_RATE["layer_seconds"] = time.perf_counter() - started
    assert not VERDICT.first_mismatches[earlier:], VERDICT.first_mismatches[earlier]


@cocotb.test()
async def covers_every_bin(_dut: Any) -> None:
    """Writes the verdict, and fails if a bin of the test plan was never hit."""
    write_verdict(VERDICT.record() | LAYER_RATE)
    missed = [name for name in bins(DESIGN, JOB["preload"]) if VERDICT.coverage[name] == 0]
    assert not missed, f"coverage bins never hit: {missed}"
