"""Trains the network of one experiment and measures it on held-out images."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import median

from torch import nn

from models.data.sources import ImageSource
from models.files import write_text
from models.progress import Progress
from models.quantization.accumulators import Packing
from models.quantization.layers import quantized_layers
from models.wrapnet.evaluation import Evaluation, evaluate
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.shared_words import calibrate, carry_statistics
from models.wrapnet.training import WrapNetTraining
from reports.records.experiments import Experiment, Record


def measure(experiment: Experiment, folder: Path, *, data: ImageSource, stages: Path) -> Record:
    """Trains an experiment's network and returns how it does on held-out images.

    stages: folder of the checkpoints that experiments share. Returns the method, the configuration, the accuracy, the
    overflow rate (mean over layers) and the median activation bits; for networks trained with exact accumulators also
    the accuracy on wrapping ones; for packed words the mean and deviation of the carries.
    """
    config = WrapNetConfig(**experiment.settings["config"])
    write_text(folder / "config.json", json.dumps(experiment.settings["config"], indent=2))
    with Progress(quiet=True) as progress:
        training = WrapNetTraining(config, data, folder, progress, stages=stages)
        return experiment.settings | _measured(experiment.settings["method"], training)


def _measured(method: str, training: WrapNetTraining) -> Record:
    config, data = training.config, training.data
    if method in ("float", "weights"):
        network = training.float_network() if method == "float" else training.pretrained()
        return {"accuracy": evaluate(network, data).accuracy}
    if method in ("exact", "penalized"):
        network = training.exact(config.penalty if method == "penalized" else 0.0)
        record = _figures(evaluate(network, data))
        training.configure(network, "quantized", "wrap")
        return record | {"wrapped_accuracy": evaluate(network, data).accuracy}
    network = training.wrapnet()
    if method == "carries unprepared":
        _let_carries_run_unprepared(network, training)
    return _figures(evaluate(network, data)) | _carries(network, training)


def _let_carries_run_unprepared(network: nn.Module, training: WrapNetTraining) -> None:
    images, _ = training.calibration_batch()
    for layer in quantized_layers(network):
        layer.accumulator = replace(layer.accumulator, packing=Packing.CARRIES)
    calibrate(network, images)


def _figures(accuracy: Evaluation) -> Record:
    return {
        "accuracy": accuracy.accuracy,
        "overflow_rate": sum(accuracy.overflow_rates) / len(accuracy.overflow_rates),
        "activation_bits": median(accuracy.activation_bits),
    }


def _carries(network: nn.Module, training: WrapNetTraining) -> Record:
    """Mean and deviation of the carries over the layers that have any."""
    carrying = [layer for layer in quantized_layers(network) if layer.accumulator.packing is Packing.CARRIES]
    if not carrying:
        return {}
    images, _ = training.calibration_batch()
    statistics = [carry_statistics(network, layer, images) for layer in carrying]
    return {
        "carry_layers": len(carrying),
        "carry_mean": sum(one.mean for one in statistics) / len(carrying),
        "carry_deviation": sum(one.deviation for one in statistics) / len(carrying),
    }
