"""`wrapmac models`: sizes of backbones beside the published ones."""

import json
from pathlib import Path

import pytest

from models.attention.backbones.architectures import ARCHITECTURES
from reports.attention.published_networks import NETWORKS
from tests.support.commands import Command, assert_refused


def convolution(inputs: int, outputs: int, pixels: int) -> int:
    """Weights and biases of a convolution of that many pixels."""
    return (inputs * pixels + 1) * outputs


def block(channels: int, mixer: int) -> int:
    """Parameters of a block: mixer, MLP, two norms and two layer scales."""
    return mixer + convolution(channels, 4 * channels, 1) + convolution(4 * channels, channels, 1) + 6 * channels


def attention(channels: int) -> int:
    """Parameters of a mixer: queries, keys, values, projection and the bias of 97 offsets in each head of 32."""
    return convolution(channels, 3 * channels, 1) + convolution(channels, channels, 1) + 97 * channels // 32


S12_PARAMETERS = (
    convolution(3, 32, 9) + 2 * 32 + convolution(32, 64, 9) + 2 * 64 + 2 * block(64, 10 * 64)
    + convolution(64, 128, 9) + 2 * 128 + 2 * block(128, 10 * 128)
    + convolution(128, 320, 9) + 2 * 320 + 6 * block(320, attention(320))
    + convolution(320, 512, 9) + 2 * 512 + 2 * block(512, attention(512))
    + 2 * 512 + convolution(512, 1000, 1)
)  # fmt: skip


def test_every_backbone_has_a_row_of_table_4_4() -> None:
    table = next(table for table in NETWORKS if table.number == "4.4")
    assert all(own.row in table.names for own in ARCHITECTURES.values())


def test_models_stand_beside_the_published(tmp_path: Path, command: Command) -> None:
    finished = command("models", "s12", "nextvit-s-lsa", "--json", "sizes.json")
    assert finished.returncode == 0, finished.stderr
    lines = [line.split() for line in finished.stdout.splitlines()]
    assert ["s12", "16.6", "16.5", "2.5", "2.5"] in lines
    assert ["nextvit-s-lsa", "28.2", "28.2", "5.5", "5.5"] in lines
    records = json.loads((tmp_path / "sizes.json").read_text())
    assert [record["name"] for record in records] == ["s12", "nextvit-s-lsa"]
    assert records[0]["parameters"] == S12_PARAMETERS
    assert records[0]["multiply_adds"] == pytest.approx(2.483e9, rel=1e-3)


def test_other_mixers_and_resolutions_stand_alone(command: Command) -> None:
    finished = command("models", "s12", "--mixers", "CCAA", "--resolution", "1024", "--norm", "ln")
    assert finished.returncode == 0, finished.stderr
    assert ["s12", "16.5", "117.6"] in [line.split() for line in finished.stdout.splitlines()]
    assert "published" not in finished.stdout
    assert "1024x1024 pixels" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s13"], "backbone is 's13'; allowed are s12, s18, "),
        (["s12", "--mixers", "CCQQ"], "mixers is 'CCQQ'; allowed are 4 letters, one a stage"),
        (["nextvit-s", "--mixers", "CCLL"], "nextvit-s has mixers of its own"),
        (["s12", "--length", "0"], "length is 0"),
        (["s12", "--resolution", "0"], "resolution is '0'; allowed are N or HxW with sides of 1 to 65536 pixels"),
        (["s12", "--resolution", "2x3x4"], "resolution is '2x3x4'"),
        (["s12", "--resolution", f"{10**400}"], "allowed are N or HxW"),
        (["s12", "--json", "."], "is a folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: list[str], message: str, tmp_path: Path, command: Command) -> None:
    assert_refused(command("models", *arguments), message, tmp_path)
