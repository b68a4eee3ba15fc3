"""Runs of train fedaqt: what they record, resumed ones, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from models.data.speech.tone_words import tone_words
from models.data.speech.utterances import Speech, Utterance
from models.federated.recogniser import Recogniser
from models.federated.training.corpus import corpus_of
from models.federated.training.evaluation import error_rates, transcribed
from models.federated.training.run import load_run
from models.federated.transcription.vocabulary import Vocabulary
from models.federated.transducer import TransducerRecogniser
from tests.support.commands import Command, assert_refused
from tests.support.federated import SOURCE, config, corpus, speech, train
from tests.support.killing import killed_at


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.parametrize("algorithm", ["fedsgd", "fedavg", "central"])
def test_a_run_that_is_killed_again_and_again_ends_as_an_unbroken_one(algorithm: str, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    further = {"central": {}, "fedsgd": {"absent": 0.2, "aggregate": "median", "clip_update": 1.0, "clip_norm": 0.5}}
    settings = {"algorithm": algorithm, **further.get(algorithm, {"absent": 0.2, "rounding": "stochastic"})}
    train(whole, **settings)
    method = "models.federated.training.method:FederatedTraining"
    killed_at(method, "validate", 2, _train, killed, False, settings)
    killed_at("os", "replace", 3, _train, killed, True, settings)
    killed_at("models.training.run:RunFolder", "finish", 1, _train, killed, True, settings)
    AcceleratorState._reset_state(reset_partial_state=True)
    train(killed, True, **settings)
    for name in ("model.safetensors", "metrics.jsonl", "result.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


def _train(folder: Path, resume: bool, settings: dict[str, Any]) -> None:
    train(folder, resume, **settings)


def test_a_finished_run_is_read_as_its_clients_get_it(tmp_path: Path) -> None:
    record = train(tmp_path)
    run = load_run(tmp_path)
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == record
    assert (record["clients"], record["utterances"], record["held_out"]) == (4, 12, 4)
    assert run.vocabulary.tokens == tuple(sorted(run.vocabulary.tokens))
    rates = error_rates(run.client(), run.held_out(speech()), run.vocabulary)
    assert {name: record["last"][name] for name in rates} == rates
    other = tone_words(2, 2)
    digits = Utterance("one", "voice", ("one",), torch.zeros(800, dtype=torch.int16))
    with pytest.raises(ValueError, match=r"spells do, .* and so no utterance of digits"):
        run.held_out(Speech("digits", 8000, [digits], [digits]))
    with pytest.raises(ValueError, match=r"has 16000 samples a second; .* was trained at 8000"):
        run.held_out(Speech(other.name, 16000, other.train, other.test))


def test_a_run_keeps_the_pieces_it_spells(tmp_path: Path) -> None:
    train(tmp_path, rounds=1, tokens="pieces", pieces=12)
    run, made = load_run(tmp_path), corpus(tokens="pieces", pieces=12)
    assert run.vocabulary == made.vocabulary
    words = speech().train[0].words
    assert run.vocabulary.decoded(run.vocabulary.encoded(words)) == words
    path = tmp_path / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    for damaged in ("", "aGVsbG8=", settings["vocabulary_model"][:200]):
        path.write_text(json.dumps(settings | {"vocabulary_model": damaged}), encoding="utf-8")
        with pytest.raises(ValueError, match=r"config\.json is damaged, or of another version"):
            load_run(tmp_path)


def test_a_transducer_is_trained_and_read_again(tmp_path: Path) -> None:
    result = train(tmp_path, criterion="transducer", bits=8)
    run = load_run(tmp_path)
    assert type(run.client()) is TransducerRecogniser
    rates = error_rates(run.client(), run.held_out(speech()), run.vocabulary)
    assert rates == {name: result["last"][name] for name in rates}


def test_a_run_starts_from_the_weights_of_another(tmp_path: Path) -> None:
    train(tmp_path / "first")
    first = load_run(tmp_path / "first")
    AcceleratorState._reset_state(reset_partial_state=True)
    record = train(tmp_path / "next", initial=first, rounds=1, learning_rate=1e-9, optimizer="sgd")
    found = load_run(tmp_path / "next")
    assert found.normalisation == first.normalisation
    for name, one in found.recogniser.state_dict().items():
        assert torch.allclose(one, first.recogniser.state_dict()[name], atol=1e-6)
    assert record["last"]["loss"] < 2 * first.result["last"]["loss"]
    for changed, message in (
        ({"bands": 7}, "with bands 8, not 7"),
        ({"norm": "group"}, "with norm layer, not group"),
        ({"tokens": "characters"}, "spells do, fa"),
        ({"criterion": "transducer"}, "with criterion ctc, not transducer"),
    ):
        with pytest.raises(ValueError, match=message):
            train(tmp_path / "refused", initial=first, **changed)
    assert not (tmp_path / "refused").exists()


def test_utterances_that_are_too_short_for_their_transcripts_are_left_out_and_named() -> None:
    samples = torch.zeros(1200, dtype=torch.int16)  # 13 frames, which become 7
    spoken = [("fits", ("la",) * 4), ("is too short", ("la",) * 5)]  # 4 and 3, or 5 and 4 between equal ones
    train = [Utterance(name, "voice", words, samples) for name, words in spoken]
    made = corpus_of(Speech("notes", 8000, train, train), SOURCE, config(subsampling=2))
    assert made.left_out == ["is too short"]
    assert [len(one) for one in made.transcripts] == [4]
    assert made.clients == [[0]]
    assert [len(words) for words in made.held_out.words] == [4, 5]
    with pytest.raises(ValueError, match="every utterance of notes is too short"):
        corpus_of(Speech("notes", 8000, train[1:], train), SOURCE, config(subsampling=2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bits": 9}, "bits is 9; allowed are 2 to 8, and 32"),
        ({"rounds": 0}, "rounds is 0"),
        ({"absent": 1.0}, "absent is 1.0"),
        ({"quorum": 0.0}, "quorum is 0.0"),
        ({"norm": "batch"}, "norm is batch"),
        ({"rounding": "stochastic"}, "rounding is for fedavg, not for fedsgd"),
        ({"algorithm": "fedavg", "relay": False}, "relay is for fedsgd, not for fedavg"),
        ({"algorithm": "central", "aggregate": "median"}, "aggregate is for fedsgd and fedavg, not for central"),
        ({"optimizer": "lamb"}, "optimizer is 'lamb'"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"local_learning_rate": float("nan")}, "local_learning_rate is nan"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"subsampling": 3}, "subsampling is 3"),
        ({"warmup": -1}, "warmup is -1"),
        ({"size": "XL"}, "size is 'XL'"),
        ({"pieces": 12}, "pieces is for tokens pieces, not for words"),
    ],
)
def test_impossible_settings_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", None),
        ("rate", 0),
        ("feature_mean", "x"),
        ("feature_deviation", 0),
        ("vocabulary", 3),
        ("vocabulary_model", "?"),
        ("bits", 40),
    ],
)
def test_a_damaged_configuration_is_named(name: str, value: Any, tmp_path: Path) -> None:
    train(tmp_path, rounds=1)
    path = tmp_path / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    if value is None:
        del settings[name]
    else:
        settings[name] = value
    path.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json is damaged, or of another version"):
        load_run(tmp_path)


class Parrot(Recogniser):
    """Hears token 1 in the first `lengths[n] // 10` pairs of frames, with blanks between."""

    def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits."""
        logits = torch.zeros(len(features), features.shape[1], 2)
        logits[..., 0] = 5
        for row, length in enumerate(lengths.tolist()):
            logits[row, : 2 * (length // 10) : 2, 1] = 10
        return logits, lengths


def test_words_are_heard_in_the_order_of_the_utterances() -> None:
    parrot = Parrot(config().conformer, 8, 2)
    features = [torch.zeros(length, 8) for length in (30, 10, 20)]
    heard = transcribed(parrot, features, Vocabulary("words", ("la",)))
    assert [len(words) for words in heard] == [3, 1, 2]
    assert transcribed(parrot, features, Vocabulary("words", ("la",)), beam=4) == heard


def test_train_and_evaluate(command: Command, tmp_path: Path) -> None:
    options = ["--utterances", "8", "--held-out", "3", "--bands", "8", "--rounds", "2", "--client-batch", "2"]
    done = command("train", "fedaqt", *options, "--bits", "4", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "word error rate" in done.stdout
    assert "Last rounds: fedsgd, 4 bits" in done.stdout
    done = command("evaluate", "run", "--beam", "3", "--json", "rates.json")
    assert done.returncode == 0, done.stderr
    rates = json.loads((tmp_path / "rates.json").read_text(encoding="utf-8"))
    assert rates["data"] == "tone words"
    assert 0 <= rates["character_error_rate"] <= 1
    x = tmp_path / "x"
    assert_refused(command("evaluate", "run", "--beam", "0"), "beam is 0", x)
    assert_refused(command("evaluate", "run", "--dataset", "digits"), "--dataset is digits", x)
    assert_refused(command("export", "run"), "there is no export", x)
    assert_refused(command("train", "fedaqt", *options, "--out", "run"), "holds a run already", x)
    assert_refused(command("train", "fedaqt", "--data", "run", "--out", "x"), "tone-words are made, not read", x)
    assert_refused(command("train", "fedaqt", "--dataset", "spoken-digits", "--out", "x"), "needs --data", x)
    assert_refused(command("train", "fedaqt", "--utterances", "0", "--out", "x"), "train is 0", x)
