"""The device of a bench, by name."""

import pytest
import torch

from reports.bench.device import chosen_device, described, finished


def test_the_cpu_is_described_by_its_threads() -> None:
    device = chosen_device("cpu")
    assert device == torch.device("cpu")
    assert described(device).startswith("CPU, ")
    finished(device)()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    assert chosen_device("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match="device is 'cuda'"):
        chosen_device("cuda")


def test_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="device is 'tpu'; allowed are auto, cpu, cuda"):
        chosen_device("tpu")  # type: ignore[arg-type]
