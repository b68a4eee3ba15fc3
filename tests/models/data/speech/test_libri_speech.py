"""LibriSpeech's folders, and runs on them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from models.data.speech.libri_speech import RATE, load_libri_speech, read_flac
from models.data.speech.log_mel import LogMel
from models.federated.training.features import LazyFeatures, frame_counts, prepared
from tests.support.commands import Command, assert_refused
from tests.support.libri_speech import write_chapter


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "data" / "LibriSpeech"
    for part, speakers in (("train-clean-100", ("19", "26")), ("dev-clean", ("84",)), ("test-other", ("367",))):
        for speaker in speakers:
            write_chapter(root / part, speaker, "198")
    return tmp_path / "data"


def test_recordings_come_with_speakers_and_words(corpus: Path) -> None:
    speech = load_libri_speech(corpus, ["train-clean-100"], "dev-clean")
    assert [(one.speaker, one.words[0], one.count) for one in speech.train[:3]] == [
        ("19", "mister", 16000),
        ("19", "nor", 18000),
        ("19", "he", 20000),
    ]
    assert len(speech.train) == 6
    assert len(speech.test) == 3
    expected = np.random.default_rng(19).integers(-3000, 3000, 16000, dtype=np.int16)
    assert torch.equal(speech.train[0].samples, torch.from_numpy(expected))
    assert load_libri_speech(corpus / "LibriSpeech", ["train-clean-100"], "dev-clean").digest == speech.digest
    assert load_libri_speech(corpus, ["train-clean-100"], "test-other").digest != speech.digest


def test_features_of_recordings_on_disk_are_those_of_recordings_in_memory(corpus: Path) -> None:
    speech, log_mel = load_libri_speech(corpus, ["train-clean-100"], "dev-clean"), LogMel(RATE, 20)
    features, normalisation = prepared(speech.train, log_mel)
    assert isinstance(features, LazyFeatures)
    assert frame_counts(features) == [len(one) for one in features]
    values = torch.cat([log_mel(one.samples) for one in speech.train])
    assert normalisation.mean == pytest.approx(values.mean().item(), rel=1e-5)
    assert normalisation.deviation == pytest.approx(values.std().item(), rel=1e-3)
    assert torch.equal(features[1:][0], normalisation(log_mel(speech.train[1].samples)))


def truncate(folder: Path) -> None:
    file = next(folder.glob("*0001.flac"))
    file.write_bytes(file.read_bytes()[:-8000])


def another_rate(folder: Path) -> None:
    soundfile.write(next(folder.glob("*0001.flac")), np.zeros(100, np.int16), 8000)


def stereo(folder: Path) -> None:
    soundfile.write(next(folder.glob("*0001.flac")), np.zeros((100, 2), np.int16), RATE)


def fine_samples(folder: Path) -> None:
    soundfile.write(next(folder.glob("*0001.flac")), np.zeros(100, np.int32), RATE, subtype="PCM_24")


def noise(folder: Path) -> None:
    next(folder.glob("*0001.flac")).write_bytes(b"RIFFabcd")


def no_audio(folder: Path) -> None:
    next(folder.glob("*0001.flac")).unlink()


def no_transcript(folder: Path) -> None:
    path = next(folder.glob("*.txt"))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:1]))


def two_transcripts(folder: Path) -> None:
    path = next(folder.glob("*.txt"))
    path.write_text(path.read_text() * 2)


def no_text(folder: Path) -> None:
    next(folder.glob("*.txt")).write_bytes(b"\xff\xfe")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (another_rate, "0001.flac has 8000 samples a second; expected are 16000"),
        (stereo, "0001.flac has 2 channels"),
        (fine_samples, "0001.flac has samples of form PCM_24"),
        (noise, "0001.flac is damaged, or no FLAC file"),
        (no_audio, "0001.flac has no recording"),
        (no_transcript, "0001.flac has no transcript"),
        (two_transcripts, "has two transcripts of 19-198-0000"),
        (no_text, "trans.txt is no text in UTF-8"),
    ],
)
def test_a_fault_is_named_in_one_line(
    spoil: Callable[[Path], None], message: str, corpus: Path, command: Command, tmp_path: Path
) -> None:
    spoil(corpus / "LibriSpeech" / "train-clean-100" / "19" / "198")
    options = ["--dataset", "librispeech", "--data", str(corpus), "--out", "run"]
    assert_refused(command("train", "fedaqt", *options), message, tmp_path / "run")


def test_a_truncated_recording_is_named_when_it_is_read(corpus: Path) -> None:
    folder = corpus / "LibriSpeech" / "train-clean-100" / "19" / "198"
    truncate(folder)
    with pytest.raises(ValueError, match=r"0001\.flac is (damaged|cut short)"):
        read_flac(next(folder.glob("*0001.flac")))


def test_runs_train_on_it_and_are_evaluated_on_any_part(corpus: Path, command: Command, tmp_path: Path) -> None:
    data = ["--dataset", "librispeech", "--data", str(corpus)]
    sizes = ["--rounds", "2", "--client-batch", "2", "--bands", "20"]
    options = ["--tokens", "characters", "--clients", "speaker", *sizes]
    done = command("train", "fedaqt", *data, *options, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "LibriSpeech: 6 utterances of 2 clients, 3 held out" in " ".join(done.stdout.split())
    done = command("evaluate", "run", *data, "--part", "test-other", "--json", "rates.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "rates.json").read_text(encoding="utf-8"))["word_error_rate"] > 0
    refused = command("evaluate", "run", *data, "--part", "dev-other")
    assert_refused(refused, "no such folder with LibriSpeech's part dev-other", tmp_path / "x")
    assert_refused(command("train", "fedaqt", *data, "--parts", "--out", "x"), "there is no word", tmp_path / "x")
