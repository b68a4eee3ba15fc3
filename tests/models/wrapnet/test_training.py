"""The four stages on real digits, small and at the size of the main job."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from models.data.digits import digits
from models.progress import Progress
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.training import train_wrapnet

SMALL = WrapNetConfig(width=8, epochs=2)

RUN = """
from pathlib import Path
from typing import Any
import sys
from models.data.digits import digits
from models.progress import Progress
from models.wrapnet.training import train_wrapnet
from models.wrapnet.settings import WrapNetConfig
train_wrapnet(WrapNetConfig(width=8, epochs=2), digits(), Path(sys.argv[1]), Progress(quiet=True))
"""


def test_digits_are_split_in_proportion_and_without_overlap() -> None:
    data = digits()
    train, test = data.train, data.test
    assert (len(train.labels), len(test.labels)) == (1198, 599)
    assert train.images.shape[1:] == (1, 8, 8)
    assert data.normalise(train.images).max() == 1
    shares = [split.labels.bincount() / len(split.labels) for split in (train, test)]
    assert torch.allclose(*shares, atol=0.005)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"network": "lenet"}, "network is 'lenet'; allowed are digits, vgg7, resnet20"),
        ({"weights": "1"}, "weights are '1'; allowed are binary, ternary"),
        ({"accumulator_bits": 1}, "accumulator_bits is 1; allowed are the integers 2 to 32"),
        ({"slope": 0}, "slope is 0"),
        ({"slope": 2.5}, "slope is 2.5; allowed are the integers 1 to"),
        ({"overflow_rate": 100.0}, "overflow_rate is 100.0; allowed are 0 to below 100 percent"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; allowed are numbers above 0, up to 1000"),
        ({"seed": -1}, "seed is -1"),
        ({"width": 0}, "width is 0"),
        ({"penalty": float("nan")}, "penalty is nan; allowed is a number of at least 0"),
        ({"activation_bits": 9}, "activation_bits is 9; allowed are the integers 1 to 8"),
        ({"accumulator_bits": 4, "activation_bits": 4}, "accumulator_bits is 4: too narrow for products of binary"),
        ({"accumulator_bits": 4, "weights": "5"}, "accumulator_bits is 4: too narrow for products of 5 weights"),
        ({"packing": "carries", "weights": "3"}, "packing carries is for binary and ternary weights, not '3'"),
        ({"weights": "bounded-4", "relu": False}, "weights 'bounded-4' need activations that are not negative"),
        ({"packing": "hybrid", "weights": "bounded-2"}, "packing hybrid is for binary and ternary weights"),
        ({"learning_rate": 1e4}, "learning_rate is 10000.0; allowed are numbers above 0, up to 1000"),
        ({"pretrain_epochs": 0}, "pretrain_epochs is 0"),
    ],
)
def test_impossible_settings_are_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WrapNetConfig(**setting)


@pytest.mark.slow
def test_a_run_killed_in_each_stage_resumes_to_the_same_weights(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        unbroken = train_wrapnet(SMALL, digits(), tmp_path / "unbroken", progress)
    folder = tmp_path / "killed"
    for stage in ("float", "pretrain", "exact", "warmup", "finetune"):
        process = subprocess.Popen([sys.executable, "-c", RUN, str(folder)])
        while not list(folder.glob(f"{stage}-*.pt")):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Progress(quiet=True) as progress:
        resumed = train_wrapnet(SMALL, digits(), folder, progress)
    for name, weight in unbroken.network.state_dict().items():
        assert torch.equal(weight, resumed.network.state_dict()[name]), name
    assert unbroken.accuracies == resumed.accuracies
