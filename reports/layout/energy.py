"""Energy per operation of a laid-out unit, on the operands of a trained layer."""

from dataclasses import dataclass
from typing import Any

from models.integer_network.layer import LayerExport
from reports.cells.technology import Technology
from reports.layout.activity import measure_activity
from reports.layout.candidate import Candidate
from reports.layout.delays import simulate_with_delays
from reports.layout.operands import operand_stream
from reports.layout.power import Power, measure_power


@dataclass(frozen=True)
class Energy:
    """Power and time of an operation (one multiplication and addition) at the unit's shortest clock cycle.

    power: including glitches. settled: excluding glitches, with nets that change at most once per cycle.
    operation_ns: one clock cycle plus the operation's share of the cycles in which the unit settles.
    mismatches: number of cycles in the simulation with delays in which an output was wrong. registers_agree: whether
    the simulations with and without delays count the same number of changes of every register. If the technology has
    no Verilog models of its cells, both are None and power excludes glitches.
    """

    power: Power
    settled: Power
    operation_ns: float
    mismatches: int | None
    registers_agree: bool | None

    def record(self) -> dict[str, Any]:
        """Returns the energy as JSON values: power in mW, energies in fJ."""
        scale = 1e3 * self.operation_ns  # mW to fJ
        return {
            "power_mw": round(self.power.total, 5),
            "energy_fj_per_op": round(self.power.total * scale, 1),
            "energy_by_part": {part: round(power * scale, 1) for part, power in self.power.by_part.items()},
            "energy_by_cause": {
                cause: round(getattr(self.power, cause) * scale, 3) for cause in ("internal", "switching", "leakage")
            },
            "energy_without_glitches_fj_per_op": round(self.settled.total * scale, 1),
            "timed_mismatches": self.mismatches,
            "registers_agree": self.registers_agree,
        }


def measure_energy(candidate: Candidate, layer: LayerExport, technology: Technology, seed: int) -> Energy:
    """Measures energy on dot products of `layer`, drawn with `seed`.

    All lanes are simulated without delays; one is simulated again with delays, and the toggles that delays add there
    are added to the average over all lanes.
    Raises ValueError if the layer's operands do not fit the design, and TimingError if a tool fails.
    """
    design, circuit, folder = candidate.design, candidate.routed.circuit, candidate.folder.absolute()
    period = candidate.timing.cycle_time
    cycles = operand_stream(design, layer, seed)
    everywhere = measure_activity(design, circuit, technology.library.text, cycles)
    settled = measure_power(circuit, everywhere, period, folder)
    operation = period * (layer.dot_length + design.settle) / layer.dot_length
    if not technology.models.exists():
        return Energy(settled, settled, operation, None, None)
    sample = measure_activity(design, circuit, technology.library.text, cycles[:, :1])
    delayed, mismatches = simulate_with_delays(design, circuit, technology, cycles[:, 0], period, folder)
    power = measure_power(circuit, everywhere.with_glitches(delayed, sample), period, folder)
    registers = [one.nets[one.output] for one in circuit.instances if technology.clock_pin in one.nets]
    agree = all(delayed.toggles[net] == sample.toggles[net] for net in registers)
    return Energy(power, settled, operation, mismatches, agree)
