"""The C kernels under sanitizers, on another processor, and as a package with and without a compiler."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "models" / "kernels" / "native"
SOURCES = [str(path) for path in (Path(__file__).with_name("fuzz.c"), *sorted(NATIVE.glob("*.c")))]


def compile_fuzzer(compiler: str, *options: str, folder: Path) -> Path:
    program = folder / "fuzz"
    warnings = ("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
    command = [compiler, "-std=gnu11", "-g", "-pthread", *warnings, *options, f"-I{NATIVE}", *SOURCES, "-o", program]
    subprocess.run(command, check=True)
    return program


@pytest.mark.slow
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    program = compile_fuzzer("gcc", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", folder=tmp_path)
    finished = subprocess.run([program, "7", "400"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "vector 400 swar 400 layers right" in finished.stdout


@pytest.mark.slow
def test_threads_do_not_race(tmp_path: Path) -> None:
    program = compile_fuzzer("gcc", "-O1", "-fsanitize=thread", folder=tmp_path)
    finished = subprocess.run([program, "8", "40"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.slow
def test_arm_gives_the_same(tmp_path: Path) -> None:
    program = compile_fuzzer("aarch64-linux-gnu-gcc", "-O2", "-static", folder=tmp_path)
    finished = subprocess.run(["qemu-aarch64", program, "9", "200"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "avx512 0 avx2 0 vector 200 swar 200 layers right" in finished.stdout


TRY = """
import numpy as np
from models.kernels import PackedConvolution, available_paths
assert (PackedConvolution(np.ones((1, 1, 1, 200), np.int8))(np.full((1, 1, 1, 200), 1, np.uint8)) == -56).all()
print(*available_paths())
"""


@pytest.mark.slow
def test_the_source_distribution_builds_with_and_without_a_compiler(tmp_path: Path) -> None:
    source = tmp_path / "source"
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
        tried = subprocess.run([sys.executable, "-c", TRY], cwd=folder, capture_output=True, text=True)
        assert tried.returncode == 0, tried.stderr
        assert paths <= set(tried.stdout.split())
        assert (compiler == "gcc") or set(tried.stdout.split()) == {"torch"}
        subprocess.run(["rm", "-rf", unpacked / "build"], check=True)
