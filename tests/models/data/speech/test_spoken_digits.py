"""Spoken digits from files, and the rows of digits made of them."""

import io
import tarfile
import wave
from collections import Counter
from pathlib import Path

import pytest
import torch

from models.data.speech.spoken_digits import WORDS, connected, load_spoken_digits
from models.data.speech.utterances import Utterance, speakers


def wave_bytes(samples: list[int], *, rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(b"".join(one.to_bytes(width, "little", signed=True) for one in samples))
    return content.getvalue()


def recording(digit: int, speaker: str, index: int) -> bytes:
    return wave_bytes([digit, -index, len(speaker), -32768, 32767])


def write_data(root: Path) -> Path:
    folder = root / "digits" / "recordings"
    folder.mkdir(parents=True)
    for digit in range(10):
        for speaker in ("ann", "bo"):
            for index in (3, 4, 5, 6):
                (folder / f"{digit}_{speaker}_{index}.wav").write_bytes(recording(digit, speaker, index))
    (folder / "readme.txt").write_text("not a recording")
    return root / "digits"


def test_folder_and_archive_hold_the_same_recordings(tmp_path: Path) -> None:
    path = write_data(tmp_path)
    with tarfile.open(tmp_path / "digits.tar.gz", "w:gz") as archive:
        archive.add(path, "anything")
    data, packed = load_spoken_digits(path), load_spoken_digits(tmp_path / "digits.tar.gz")
    assert data.digest == packed.digest
    assert {name: len(own) for name, own in speakers(data.train).items()} == {"ann": 20, "bo": 20}
    assert len(data.test) == 40
    for one in data.train:
        assert one.samples.tolist()[0] == WORDS.index(one.words[0])
        assert one.samples.tolist()[1] <= -5
        assert one.samples.tolist()[2:] == [len(one.speaker), -32768, 32767]
    assert all(one.samples[1] > -5 for one in data.test)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wave_bytes([1, 2], rate=16000), "has 16000 samples a second; expected are 8000"),
        (wave_bytes([1, 2], channels=2), "has 2 channels; expected is one"),
        (wave_bytes([1, 2], width=1), "has samples of 8 bits; expected are 16"),
        (wave_bytes([]), "has no samples"),
        (wave_bytes(list(range(100)))[:-20], "is cut short: 90 of 100 samples"),
        (wave_bytes([1, 2])[:30], "is damaged, or not a wav file"),
        (b"", "is damaged, or not a wav file"),
        (b"RIFF but nothing else of it", "is damaged, or not a wav file"),
    ],
    ids=["rate", "stereo", "8 bits", "empty", "cut in samples", "cut in header", "no byte", "no wav"],
)
def test_unusable_recordings_are_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = write_data(tmp_path)
    (path / "recordings" / "7_bo_5.wav").write_bytes(content)
    with pytest.raises(ValueError, match=f"7_bo_5.wav {message}"):
        load_spoken_digits(path)


def test_missing_and_doubled_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder or archive with spoken digits"):
        load_spoken_digits(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"needs recordings DIGIT_SPEAKER_INDEX.wav"):
        load_spoken_digits(tmp_path)
    path = write_data(tmp_path)
    (path / "7_bo_5.wav").write_bytes(recording(7, "bo", 5))
    with pytest.raises(ValueError, match=r"7_bo_5.wav and .*7_bo_5.wav have the same digit, speaker and index"):
        load_spoken_digits(path)


def recordings_of(counts: dict[str, int]) -> list[Utterance]:
    return [
        Utterance(f"{name} {number}", name, (WORDS[number % 10],), torch.full((number + 1,), number, dtype=torch.int16))
        for name, count in counts.items()
        for number in range(count)
    ]


def test_rows_of_digits_are_of_one_speaker_and_of_different_recordings() -> None:
    rows = connected(recordings_of({"ann": 5, "bo": 30}), "key", range(3000))
    by_length, by_speaker = Counter(len(row.words) for row in rows), Counter(row.speaker for row in rows)
    assert set(by_length) == {2, 3, 4, 5}
    assert all(abs(count - 750) < 5 * 750**0.5 for count in by_length.values())
    assert all(abs(count - 1500) < 5 * 750**0.5 for count in by_speaker.values())
    for row in rows:
        numbers = list(dict.fromkeys(row.samples.tolist()))
        assert [WORDS[number % 10] for number in numbers] == list(row.words)
        assert len(row.samples) == sum(number + 1 for number in numbers)
        assert row.name == "+".join(f"{row.speaker} {number}" for number in numbers)


def test_a_row_depends_on_its_number_and_the_key_alone() -> None:
    recordings = recordings_of({"ann": 9, "bo": 9})
    many = [row.name for row in connected(recordings, "key", range(50))]
    assert [row.name for row in connected(recordings, "key", [49, 7])] == [many[49], many[7]]
    assert [row.name for row in connected(recordings, "other", range(50))] != many


@pytest.mark.parametrize(
    ("count", "lengths", "message"),
    [
        (4, (2, 5), "speaker ann has 4 recordings; rows of up to 5 digits need as many"),
        (9, (0, 5), "rows of 0 to 5 digits"),
        (9, (3, 2), "rows of 3 to 2 digits"),
        (0, (2, 5), "there are no recordings"),
    ],
)
def test_impossible_rows_are_named(count: int, lengths: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        connected(recordings_of({"ann": count}), "key", [0], fewest=lengths[0], most=lengths[1])
