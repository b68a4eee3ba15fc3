"""Gates in 512 lanes agree with the golden model bit for bit, count toggles, and show when a netlist is broken."""

from pathlib import Path

import pytest
import torch

from hw.mac.design import MacDesign
from reports.mac.synthesis import FLAT_NETLIST
from sim.compiler import CompilerError
from sim.gates.bit_sliced import BitSliced
from sim.gates.lanes import WORDS
from sim.gates.netlist import read_gates
from sim.gates.ports import play
from sim.mac.golden import Cycles, accumulate, expected_outputs
from sim.mac.stimulus import resets
from tests.support.netlists import CELLS, gates_by_hand, mapped_gates

LANES = 530
CYCLES = 50


def streams(design: MacDesign) -> Cycles:
    """Random operands, gaps and resets, one stream per lane: tensors of shape (CYCLES, LANES)."""
    (stimulus,) = resets(design, 3, CYCLES * LANES)
    return Cycles(
        *(getattr(stimulus.cycles, pin).view(CYCLES, LANES).contiguous() for pin in Cycles.__dataclass_fields__)
    )


def differences(program: BitSliced, design: MacDesign) -> tuple[int, int]:
    """How many outputs differ from the golden model's, and how many were compared."""
    cycles = streams(design)
    got = play(program, design, cycles)
    wrong = compared = 0
    for lane in range(LANES):
        one = Cycles(*(getattr(cycles, pin)[:, lane] for pin in Cycles.__dataclass_fields__))
        expected = expected_outputs(design, accumulate(design, one))
        wrong += int((expected.sum_known & (got.sum[:, lane] != expected.sum)).sum())
        wrong += int((expected.out_known & (got.out[:, lane] != expected.out)).sum())
        compared += int(expected.sum_known.sum() + expected.out_known.sum())
    return wrong, compared


@pytest.mark.parametrize("name", ["3x1x8k2", "8x8x8k4", "3x1x32", "1x1x2", "5x3x7k3"])
def test_gates_agree_with_the_golden_model(name: str, tmp_path: Path) -> None:
    design = MacDesign.parse(name)
    wrong, compared = differences(BitSliced(mapped_gates(name, tmp_path)), design)
    assert wrong == 0
    assert compared > CYCLES * LANES // 2


def test_a_wrong_gate_is_noticed(tmp_path: Path) -> None:
    design = MacDesign.parse("3x1x8k2")
    mapped_gates("3x1x8k2", tmp_path)
    text = (tmp_path / FLAT_NETLIST).read_text()
    assert '"type": "NAND3_X1"' in text
    (tmp_path / FLAT_NETLIST).write_text(text.replace('"type": "NAND3_X1"', '"type": "NOR3_X1"', 1))
    broken = read_gates(tmp_path / FLAT_NETLIST, design.module, CELLS)
    assert differences(BitSliced(broken), design)[0] > 0


def test_toggles_are_counted_by_net(tmp_path: Path) -> None:
    """A visible register toggles in the bits in which its values differ from one cycle to the next."""
    design = MacDesign.parse("3x1x8k2")
    program = BitSliced(mapped_gates("3x1x8k2", tmp_path), count_toggles=True)
    cycles = streams(design)
    got = play(program, design, cycles)
    for port in ("sum", "out"):
        values = getattr(got, port)
        for bit in range(8):
            level = (values >> bit) & 1
            assert program.toggles[f"{port}[{bit}]"] == int((level[1:] != level[:-1]).sum()) > 0
    again = program.toggles["sum[0]"]
    play(program, design, cycles)
    assert program.toggles["sum[0]"] == 2 * again


def test_toggles_are_those_of_all_lanes_together(tmp_path: Path) -> None:
    gates = gates_by_hand([("XOR2_X1", {"A": 2, "B": 3, "Z": 4})], {"a": 2, "b": 3}, {"y": 4}, tmp_path)
    program = BitSliced(gates, count_toggles=True)
    pins = torch.zeros(1, 4, 2, WORDS, dtype=torch.int64)
    pins[0, 1, 0, 0] = 0b11  # two lanes of a up for one cycle
    pins[0, 2:, 1, 5] = -1  # 64 lanes of b up for good
    shown = program.run(pins, program.initial_state(1))
    assert program.toggles == {"net2": 4, "net3": 64, "net4": 68}
    assert shown[0, :, 0, 5].tolist() == [0, 0, -1, -1]


def test_a_run_continues_from_the_state_of_another(tmp_path: Path) -> None:
    design = MacDesign.parse("3x1x8k2")
    program = BitSliced(mapped_gates("3x1x8k2", tmp_path))
    cycles = streams(design)
    whole = play(program, design, cycles)
    state = program.initial_state(2)
    halves = []
    for part in (slice(0, 20), slice(20, None)):
        piece = Cycles(*(getattr(cycles, pin)[part] for pin in Cycles.__dataclass_fields__))
        halves.append(play(program, design, piece, state))
    assert torch.equal(torch.cat([half.sum for half in halves]), whole.sum)
    assert program.cycles == 2 * CYCLES * 1024
    assert program.rate > 0


def test_other_ports_and_shapes_are_refused(tmp_path: Path) -> None:
    program = BitSliced(gates_by_hand([("INV_X1", {"A": 2, "ZN": 3})], {"a": 2}, {"y": 3}, tmp_path))
    with pytest.raises(ValueError, match="the netlist hand lacks the input ports of 3x1x8k2"):
        play(program, MacDesign.parse("3x1x8k2"), streams(MacDesign.parse("3x1x8k2")))
    with pytest.raises(ValueError, match="pins has the shape"):
        program.run(torch.zeros(1, 1, 2, WORDS, dtype=torch.int64), program.initial_state(1))
    with pytest.raises(ValueError, match="toggles are not counted"):
        print(program.toggles)


def test_a_missing_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = gates_by_hand([("INV_X1", {"A": 2, "ZN": 3})], {"a": 2}, {"y": 3}, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompilerError, match="there is no C compiler: cc is missing"):
        BitSliced(gates)
