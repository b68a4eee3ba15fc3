"""The C kernels under sanitizers, on another processor, and as a package with and without a compiler."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from tests.support.integer_networks import PIXELS, pixels_of, trained_network

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "models" / "kernels" / "native"
SOURCES = [str(path) for path in (Path(__file__).with_name("fuzz.c"), *sorted(NATIVE.glob("*.c")))]


def compile_fuzzer(compiler: str, *options: str, folder: Path) -> Path:
    program = folder / "fuzz"
    warnings = ("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
    standard = ("-std=gnu11", "-g", "-pthread", "-ffp-contract=off", *warnings)
    command = [compiler, *standard, *options, f"-I{NATIVE}", *SOURCES, "-lm", "-o", program]
    subprocess.run(command, check=True)
    return program


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DWRAP_EMULATE_VNNI")
    return compile_fuzzer("gcc", *options, folder=tmp_path_factory.mktemp("sanitized"))


@pytest.mark.slow
def test_sanitizers_find_nothing(sanitized: Path) -> None:
    finished = subprocess.run([sanitized, "7", "200"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "vector 400 swar 400 layers done" in finished.stdout


@st.composite
def shapes(draw: st.DrawFn) -> list[int]:
    """Images, rows, columns, channels, filters, kernel rows and columns, stride and padding."""
    window = [draw(st.integers(1, 7)), draw(st.integers(1, 7))]
    padding = draw(st.integers(0, 7))
    sides = [draw(st.integers(max(1, extent - 2 * padding), 40)) for extent in window]
    depths = [draw(st.integers(1, 400)), draw(st.integers(1, 200))]
    return [draw(st.integers(1, 3)), *sides, *depths, *window, draw(st.integers(1, 9)), padding]


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(shape=shapes(), seed=st.integers(0, 2**32))
def test_no_shape_upsets_the_sanitizers(sanitized: Path, shape: list[int], seed: int) -> None:
    finished = subprocess.run([sanitized, str(seed), *map(str, shape)], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.slow
def test_threads_do_not_race(tmp_path: Path) -> None:
    program = compile_fuzzer("gcc", "-O1", "-fsanitize=thread", folder=tmp_path)
    finished = subprocess.run([program, "8", "20"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.slow
@pytest.mark.debian
def test_arm_gives_the_same(tmp_path: Path) -> None:
    program = compile_fuzzer("aarch64-linux-gnu-gcc", "-O2", "-static", folder=tmp_path)
    finished = subprocess.run(["qemu-aarch64", program, "9", "100"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "avx512 0 avx2 0 vector 200 swar 200 layers done" in finished.stdout


TRY = """
import sys
import numpy as np
from models.kernels import IntegerNetwork, PackedConvolution, available_paths
images, scores = np.load(sys.argv[1] + "/images.npy"), np.load(sys.argv[1] + "/scores.npy")
network = IntegerNetwork(sys.argv[1] + "/network.npz")
for _ in range(2):
    assert np.array_equal(network(images).numpy(), scores)
    assert (PackedConvolution(np.ones((1, 1, 1, 200), np.int8))(np.full((1, 1, 1, 200), 1, np.uint8)) == -56).all()
print(*available_paths())
"""


@pytest.mark.slow
def test_the_source_distribution_builds_with_and_without_a_compiler(tmp_path: Path) -> None:
    source = tmp_path / "source"
    network, images = trained_network("resnet20", images=2, pixels=PIXELS[3])
    graph, pixels = export_network(network, NETWORKS["resnet20"].image_shape), pixels_of(images, PIXELS[3])
    graph.save(tmp_path / "network.npz")
    np.save(tmp_path / "images.npy", pixels.numpy())
    np.save(tmp_path / "scores.npy", IntegerEvaluator(graph).logits(pixels).numpy())
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in tracked.stdout.split():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", tmp_path], cwd=source, check=True)
    (archive,) = tmp_path.glob("wrapmac-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for compiler, paths in (("gcc", {"vector", "swar", "torch"}), ("/no/compiler", {"torch"})):
        folder = tmp_path / f"{len(paths)}"
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            folder,
            ".",
        ]
        subprocess.run(command, cwd=unpacked, check=True, env=os.environ | {"CC": compiler})
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as opened:
            assert any("_native" in name for name in opened.namelist()) == (compiler == "gcc")
            opened.extractall(folder)
        tried = subprocess.run([sys.executable, "-c", TRY, tmp_path], cwd=folder, capture_output=True, text=True)
        assert tried.returncode == 0, tried.stderr
        assert paths <= set(tried.stdout.split())
        assert (compiler == "gcc") or set(tried.stdout.split()) == {"torch"}
        warning = "RuntimeWarning: torch computes, slowly: the C kernels were not compiled; install gcc"
        assert tried.stderr.count(warning) == 2 * (compiler != "gcc")  # once for the network, once for the layer
        subprocess.run(["rm", "-rf", unpacked / "build"], check=True)
