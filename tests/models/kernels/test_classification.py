"""`wrapmac classify`: pictures of any format and size, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.graph import IntegerGraph
from models.kernels import IntegerNetwork
from models.kernels.classification import Classifier, listed_pictures
from tests.support.commands import Command, assert_refused
from tests.support.integer_networks import PIXELS, trained_network

NAMES = tuple("abcdefghij")


@pytest.fixture(scope="module")
def graph() -> IntegerGraph:
    network, _ = trained_network("vgg7", pixels=PIXELS[3])
    return export_network(network, NETWORKS["vgg7"].image_shape)


@pytest.fixture
def network(graph: IntegerGraph, tmp_path: Path) -> Path:
    replace(graph, classes=NAMES).save(tmp_path / "network.npz")
    return tmp_path / "network.npz"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The same picture of 32 x 32 pixels, losslessly in several formats, and others of other sizes and modes."""
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    for name in ("same.png", "same.bmp", "deeper/same.PNG"):
        picture.save(folder / name)
    picture.save(folder / "same.webp", lossless=True)
    picture.resize((32, 64), Image.Resampling.NEAREST).crop((0, 0, 32, 64)).save(folder / "tall.png")
    picture.resize((200, 150)).convert("L").save(folder / "grey.jpg")
    picture.convert("P").save(folder / "palette.gif")
    return folder


def scores_of(graph: IntegerGraph, path: Path) -> list[int]:
    pixels = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)
    scores: list[int] = IntegerEvaluator(graph).logits(pixels[None].contiguous())[0].tolist()
    return scores


def test_pictures_of_the_networks_size_get_the_evaluators_scores(
    graph: IntegerGraph, network: Path, pictures: Path, command: Command
) -> None:
    expected = scores_of(graph, pictures / "same.png")
    order = sorted(range(10), key=lambda number: -expected[number])[:3]
    line = ", ".join(f"{NAMES[number]} {expected[number]}" for number in order)
    same = [pictures / name for name in ("same.png", "same.bmp", "deeper/same.PNG", "same.webp")]
    finished = command("classify", str(network), *map(str, same), "--top", "3", "--batch", "3")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == [f"{path}: {line}" for path in same]
    assert "pictures a second" in finished.stderr


def test_folders_of_pictures_of_any_size(network: Path, pictures: Path, command: Command, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(name * 2 for name in NAMES), encoding="utf-8")
    out = tmp_path / "found.json"
    finished = command(
        *("classify", str(network), str(pictures), str(pictures / "palette.gif")),
        *("--classes", str(names), "--json", str(out), "--top", "12", "--threads", "1"),
    )
    assert finished.returncode == 0, finished.stderr
    found = json.loads(out.read_text())
    inside = ["deeper/same.PNG", "grey.jpg", "palette.gif", "same.bmp", "same.png", "same.webp", "tall.png"]
    listed = [*inside, "palette.gif"]
    assert [one["picture"] for one in found] == [str(pictures / name) for name in listed]
    for one in found:
        scores = [best["score"] for best in one["best"]]
        assert scores == sorted(scores, reverse=True)
        assert sorted(best["class"] for best in one["best"]) == [name * 2 for name in NAMES]


def test_white_is_what_the_data_set_says() -> None:
    network, _ = trained_network("digits", pixels=PIXELS[1])
    graph = export_network(network, NETWORKS["digits"].image_shape)
    assert graph.white == 16
    seen = Classifier(IntegerNetwork(graph))
    folder = Path(__file__).parent
    assert listed_pictures([folder / "fuzz.c"]) == [folder / "fuzz.c"]
    with pytest.raises(ValueError, match=r"fuzz\.c is not a picture, or damaged"):
        list(seen.rankings([folder / "fuzz.c"]))


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (7, 0), (8, 1), (128, 8), (255, 16)])
def test_pictures_are_white_where_the_data_is(level: int, expected: int, tmp_path: Path) -> None:
    network, _ = trained_network("digits", pixels=PIXELS[1])
    graph = export_network(network, NETWORKS["digits"].image_shape)
    path = tmp_path / "flat.png"
    Image.new("L", (20, 10), level).save(path)
    (found,) = Classifier(IntegerNetwork(graph), top=10).rankings([path])
    flat = np.full((1, 1, 8, 8), expected, np.uint8)
    scores = IntegerEvaluator(graph).logits(torch.from_numpy(flat))[0].tolist()
    assert [scores[number] for number in found.classes] == list(found.scores)


def test_what_cannot_be_classified_is_refused(
    graph: IntegerGraph, network: Path, pictures: Path, command: Command, tmp_path: Path
) -> None:
    few, text, floats = tmp_path / "few.txt", tmp_path / "text.png", tmp_path / "floats.npz"
    few.write_text("a\nb\n", encoding="utf-8")
    text.write_text("no picture", encoding="utf-8")
    export_network(trained_network("vgg7")[0], (3, 32, 32)).save(floats)
    cut = pictures / "deeper" / "same.PNG"
    cut.write_bytes(cut.read_bytes()[:300])
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    good = str(pictures / "same.png")
    for arguments, message in (
        ([str(network)], "no pictures are named"),
        ([str(network), str(text)], "text.png is not a picture, or damaged"),
        ([str(network), good, str(pictures)], "same.PNG is not a picture, or damaged"),
        ([str(network), "absent"], "absent: no such file or folder"),
        ([str(network), good, "--classes", str(few)], "few.txt names 2 classes; the network tells 10 apart"),
        ([str(network), good, "--classes", "absent"], "absent: no such file"),
        ([str(network), good, "--classes", good], "is not a text file"),
        ([str(network), good, "--top", "0"], "top is 0"),
        ([str(network), good, "--batch", "0"], "batch is 0"),
        ([str(network), good, "--threads", "0"], "threads is 0"),
        ([str(network), good, "--json", good], "same.png"),
        ([good, good], "same.png is damaged, or not an npz file"),
        ([str(floats), good], "the network reads normalised floats; one that reads pixels has integer edges"),
    ):
        assert_refused(command("classify", *arguments), message, tmp_path, left)


def test_names_that_do_not_fit_the_network_are_refused(graph: IntegerGraph) -> None:
    with pytest.raises(ValueError, match="2 classes are named; the network tells 10 apart"):
        replace(graph, classes=("a", "b"))
    with pytest.raises(ValueError, match="the names of the classes are no text"):
        replace(graph, classes=tuple(range(10)))  # type: ignore[arg-type]
