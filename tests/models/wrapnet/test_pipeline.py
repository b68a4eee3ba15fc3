"""The four stages on real digits, small and at the size of the main job."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from models.data.digits import digits
from models.training.progress import Progress
from models.wrapnet.pipeline import WrapNetConfig, train_wrapnet

SMALL = WrapNetConfig(width=8, epochs=2)

RUN = """
from pathlib import Path
import sys
from models.data.digits import digits
from models.training.progress import Progress
from models.wrapnet.pipeline import WrapNetConfig, train_wrapnet
train_wrapnet(WrapNetConfig(width=8, epochs=2), *digits(), Path(sys.argv[1]), Progress(quiet=True))
"""


def test_digits_are_split_in_proportion_and_without_overlap() -> None:
    train, test = digits()
    assert (len(train.labels), len(test.labels)) == (1198, 599)
    assert train.images.shape[1:] == (1, 8, 8)
    assert (train.images.min(), train.images.max()) == (0, 1)
    shares = [split.labels.bincount() / len(split.labels) for split in (train, test)]
    assert torch.allclose(*shares, atol=0.005)


@pytest.mark.slow
def test_a_run_killed_in_each_stage_resumes_to_the_same_weights(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        unbroken = train_wrapnet(SMALL, *digits(), tmp_path / "unbroken", progress)
    folder = tmp_path / "killed"
    for stage in ("float", "pretrain", "exact", "warmup", "finetune"):
        process = subprocess.Popen([sys.executable, "-c", RUN, str(folder)])
        while not (folder / f"{stage}.pt").exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Progress(quiet=True) as progress:
        resumed = train_wrapnet(SMALL, *digits(), folder, progress)
    for name, weight in unbroken.network.state_dict().items():
        assert torch.equal(weight, resumed.network.state_dict()[name]), name
    assert unbroken.accuracies == resumed.accuracies


@pytest.mark.slow
def test_the_cyclic_activation_saves_what_plain_wrapping_destroys(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        started = time.monotonic()
        accuracies = train_wrapnet(WrapNetConfig(epochs=8), *digits(), tmp_path, progress).accuracies
    assert time.monotonic() - started < 120
    assert accuracies["float"].accuracy > 0.97
    assert accuracies["wrapnet"].accuracy > 0.95
    assert accuracies["quantized, exact accumulator"].accuracy > 0.95
    assert accuracies["quantized, plain wrap"].accuracy < 0.5
    assert max(accuracies["quantized, plain wrap"].overflow_rates) > 0.03
