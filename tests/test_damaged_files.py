"""Every kind of file that commands read, damaged in hundreds of ways: it loads, or one error of one line names it."""

import json
import pickle
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models.backbones.registry import NETWORKS
from models.data.cifar import cifar10
from models.data.files import open_file
from models.data.pictures import read_picture
from models.integer_network.builder import export_network
from models.integer_network.graph import IntegerGraph
from models.integer_network.layer import LayerExport
from models.progress import Progress
from models.training.checkpoint import Checkpoint, Position
from models.training.metrics import MetricLog
from models.wrapnet.run import load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig
from reports.commands.redraw import redraw
from reports.records.kept import keep_record, read_record
from tests.support.damage import damaged, damaged_json
from tests.support.images import few_digits, write_batches
from tests.support.integer_networks import PIXELS, trained_network
from tests.support.layers import make_layer
from tests.support.pictures import archived, write_pictures
from tests.support.reports import flow_record, layout_record

VARIANTS = range(200)
_SECONDS = 20  # that one damaged file may take
_MEMORY = 3 << 30  # bytes that it may take

Load = Callable[[Path], object]


@contextmanager
def within_bounds() -> Iterator[None]:
    """Bounds memory and time."""

    def stop(*_: object) -> None:
        raise AssertionError(f"a damaged file took more than {_SECONDS} s")

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _MEMORY, limits[1]))
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, before)


def assert_loads_or_names(path: Path, load: Load, seed: int) -> bool:
    """Whether a damaged file loads; if not, the error is one line that names the file."""
    refusal: BaseException | None = None
    try:
        with within_bounds():
            load(path)
    except BaseException as error:
        refusal = error
    if refusal is None:
        return True
    assert isinstance(refusal, ValueError | OSError), f"variant {seed} raised {refusal!r}"
    assert path.name in str(refusal), f"variant {seed}: {refusal}"
    assert "\n" not in str(refusal), f"variant {seed}: {refusal}"
    return False


def assert_all_variants_load_or_are_named(
    path: Path, load: Load, damage: Callable[[bytes, int], bytes] = damaged, variants: range = VARIANTS
) -> int:
    """Returns how many of the damaged variants of a file load."""
    whole = path.read_bytes()
    load(path)
    loaded = 0
    for seed in variants:
        path.write_bytes(damage(whole, seed))
        loaded += assert_loads_or_names(path, load, seed)
    assert loaded < len(variants), "no damage was noticed"
    return loaded


def as_json(data: bytes, seed: int) -> bytes:
    return damaged_json(data.decode(), seed).encode()


def test_layers(tmp_path: Path) -> None:
    make_layer().save(tmp_path / "layer.npz")
    assert_all_variants_load_or_are_named(tmp_path / "layer.npz", LayerExport.load)


@pytest.fixture(scope="module")
def graph() -> IntegerGraph:
    network, _ = trained_network("digits")
    return export_network(network, NETWORKS["digits"].image_shape)


@pytest.fixture(scope="module")
def integer_graph() -> IntegerGraph:
    network, _ = trained_network("resnet20", pixels=PIXELS[3])
    return export_network(network, NETWORKS["resnet20"].image_shape)


def test_networks(graph: IntegerGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "network.npz")
    assert_all_variants_load_or_are_named(tmp_path / "network.npz", IntegerGraph.load)


@pytest.mark.parametrize("name", ["graph", "integer_graph"])
def test_descriptions_of_networks(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    graph: IntegerGraph = request.getfixturevalue(name)
    graph.save(path)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    description = arrays.pop("description").item()
    loaded = 0
    for seed in VARIANTS:
        np.savez(path, description=np.array(damaged_json(description, seed)), **arrays)
        loaded += assert_loads_or_names(path, IntegerGraph.load, seed)
    assert loaded < len(VARIANTS) / 2


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "run"
    with Progress(quiet=True) as progress:
        run_wrapnet(WrapNetConfig(width=2, epochs=1, baselines=False), few_digits(), folder, progress)
    return folder


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_run, tmp_path / "run")


@pytest.mark.parametrize("name", ["config.json", "result.json", "model.safetensors"])
def test_runs(name: str, run: Path) -> None:
    assert_all_variants_load_or_are_named(run / name, lambda path: load_run(path.parent))


@pytest.mark.parametrize("name", ["config.json", "result.json"])
def test_settings_and_results_of_runs(name: str, run: Path) -> None:
    assert_all_variants_load_or_are_named(run / name, lambda path: load_run(path.parent), as_json)


def test_metrics_of_runs(run: Path) -> None:
    def load(path: Path) -> None:
        MetricLog(path, "finetune", 1)

    assert_all_variants_load_or_are_named(run / "metrics.jsonl", load)


def test_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "stage.pt"
    model = nn.Linear(4, 3)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    checkpoint = Checkpoint(path, {"epochs": 2}, {"model": model, "optimizer": optimizer})
    checkpoint.save(Position(1, 2, 3), {"metrics": {"loss": torch.ones(2)}, "best": None})

    def load(_: Path) -> None:
        checkpoint.restore()

    assert_all_variants_load_or_are_named(path, load)


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_archives(ending: str, tmp_path: Path) -> None:
    path = archived(write_pictures(tmp_path / "pictures"), tmp_path / f"data.{ending}")
    assert_all_variants_load_or_are_named(path, cifar10)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_batches(protocol: int, tmp_path: Path) -> None:
    path = write_batches(tmp_path) / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(pickle.dumps(pickle.loads(path.read_bytes()), protocol))
    assert_all_variants_load_or_are_named(path, lambda path: cifar10(path.parent))


PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "gray.png": ("L", {}),
    "palette.png": ("P", {}),
    "colour.png": ("RGBA", {}),
    "animated.png": ("RGB", {"save_all": True, "append_images": [Image.new("RGB", (32, 32), 7)]}),
    "gray.jpg": ("L", {}),
    "colour.jpg": ("RGB", {}),
    "progressive.jpg": ("CMYK", {"progressive": True}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str, tmp_path: Path) -> None:
    mode, options = PICTURES[name]
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(tmp_path / name, **options)

    def load(path: Path) -> None:
        with open_file(path) as file:
            read_picture(file, path)

    assert_all_variants_load_or_are_named(tmp_path / name, load)


@pytest.mark.parametrize("damage", [damaged, as_json])
def test_kept_records(damage: Callable[[bytes, int], bytes], tmp_path: Path) -> None:
    path, record = tmp_path / "record.json", {"area": 1.5, "parts": {"adder": [1, 2]}, "proved": True}
    keep_record(path, "key", record)
    whole = path.read_bytes()
    for seed in VARIANTS:
        path.write_bytes(damage(whole, seed))
        assert read_record(path, "key") in (None, record), f"variant {seed}"


DAMAGES = {"bytes": damaged, "values": as_json}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize(
    ("record", "variants"),
    [
        pytest.param(layout_record(("3x1x8k2", "3x1x8k4")), VARIANTS, id="without figures"),
        pytest.param(layout_record(), range(40), id="layout", marks=pytest.mark.slow),
        pytest.param(flow_record(), range(40), id="flow", marks=pytest.mark.slow),
    ],
)
def test_records_of_pages(
    record: dict[str, Any], variants: range, damage: Callable[[bytes, int], bytes], tmp_path: Path
) -> None:
    path, page = tmp_path / "record.json", tmp_path / "page"
    path.write_text(json.dumps(record), encoding="utf-8")

    def load(path: Path) -> None:
        shutil.rmtree(page, ignore_errors=True)
        try:
            redraw(path, page)
        except ValueError:
            assert not page.exists()
            raise

    assert_all_variants_load_or_are_named(path, load, damage, variants)
