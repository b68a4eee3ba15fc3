"""Recognisers that are transducers."""

import pytest
import torch

from models.federated.broadcast import broadcast
from models.federated.client import client_recogniser
from models.federated.conformer.settings import ConformerSettings
from models.federated.recogniser import Recogniser, speech_batch
from models.federated.transducer import TransducerRecogniser

SETTINGS = ConformerSettings(blocks=1, width=8, heads=2, kernel=4, expansion=2, subsampling=2, dropout=0.0)


def recogniser() -> TransducerRecogniser:
    torch.manual_seed(0)
    return TransducerRecogniser(SETTINGS, 6, 5).eval()


def features(*frames: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(count, 6, generator=generator) for count in frames]


def test_the_loss_of_a_batch_is_the_mean_of_its_utterances() -> None:
    network, transcripts = recogniser(), [[1, 2, 3], [], [4]]
    every = features(20, 12, 16)
    together = network.loss(speech_batch(every, transcripts))
    alone = [network.loss(speech_batch([one], [numbers])) for one, numbers in zip(every, transcripts, strict=True)]
    assert together.item() == pytest.approx(sum(one.item() for one in alone) / 3, rel=1e-5)


def test_utterances_are_heard_alone_as_in_a_batch() -> None:
    network = recogniser()
    batch = speech_batch(features(20, 12), [[], []])
    with torch.no_grad():
        network.head.bias[0] = -0.3  # some of everything
        for beam in (None, 3):
            heard = network.heard(batch.features, batch.lengths, beam)
            alone = [network.heard(one[None], torch.tensor([len(one)]), beam)[0] for one in features(20, 12)]
            assert heard == alone
            assert any(heard)


@pytest.mark.parametrize("bits", [32, 8])
def test_a_client_has_the_kind_that_it_was_sent(bits: int) -> None:
    sent = broadcast(recogniser(), bits, "channel")
    assert type(client_recogniser(sent, SETTINGS, 6)) is TransducerRecogniser
    assert not any(name.startswith(("predictor", "join", "head")) for name in sent.low_bit)
    assert type(client_recogniser(broadcast(Recogniser(SETTINGS, 6, 5), bits, "channel"), SETTINGS, 6)) is Recogniser
