"""Few-shot accuracy of frozen features, against a plain loop; data sets whose classes are parted."""

import numpy as np
import pytest
import torch

from models.fewshot.comparison import EpisodeTest
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.readers.digits import read_digit_classes
from models.fewshot.settings import HeadName
from models.progress import Progress
from models.selfsup.labelled_sets import parted_classes
from models.selfsup.probes.few_shot import head_of_test, probe_few_shot
from tests.support.probes import SmallEncoder

DATA = read_digit_classes().normalised_by((0.0,), (255.0,))


def nearest_means(shot: int, episodes: int) -> np.ndarray:
    """The share of queries that are nearest to the mean of their class among unit features, in each episode."""
    drawn = Episodes(DATA, "test", EpisodeShape(5, shot, 4), 2)
    classes = DATA.split("test")
    with torch.no_grad():
        features = SmallEncoder()(classes.images / 255).double().numpy()
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    shares = []
    for episode in drawn.indices(range(episodes)).numpy():
        means = [features[images[:shot]].mean(0) for images in episode]
        right = [
            np.argmin([np.linalg.norm(features[query] - mean) for mean in means]) == label
            for label, images in enumerate(episode)
            for query in images[shot:]
        ]
        shares.append(np.mean(right))
    return np.array(shares)


def test_prototypes_are_nearest_means() -> None:
    test = EpisodeTest(query=4, episodes=30, head="prototype")
    with Progress(quiet=True) as progress:
        records = list(probe_few_shot(SmallEncoder(), DATA, test, progress))
    for record, shot in zip(records, (1, 5), strict=True):
        expected = nearest_means(shot, 30)
        assert record["mean"] == pytest.approx(expected.mean(), abs=1e-9)
        assert record["standard_error"] == pytest.approx(expected.std(ddof=1) / 30**0.5)
        assert (record["way"], record["shot"], record["head"], record["episodes"]) == (5, shot, "prototype", 30)
        assert record["data_digest"] == DATA.digest


@pytest.mark.parametrize("head", ["ridge", "svm", "linear"])
def test_accuracy_does_not_depend_on_the_scale_of_features(head: HeadName) -> None:
    class Large(SmallEncoder):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return 1000 * super().forward(images)

    test = EpisodeTest(query=4, episodes=20, head=head, shots=(5,))
    with Progress(quiet=True) as progress:
        one, other = (list(probe_few_shot(encoder, DATA, test, progress)) for encoder in (SmallEncoder(), Large()))
    assert one[0]["mean"] == pytest.approx(other[0]["mean"], abs=0.01)
    assert one[0]["mean"] > 0.5


def test_heads_that_need_more_than_features_are_refused() -> None:
    assert head_of_test(EpisodeTest()) == "ridge"
    message = "head is fine-tuning; of a self-supervised encoder, allowed are prototype, ridge"
    with pytest.raises(ValueError, match=message), Progress(quiet=True) as progress:
        next(probe_few_shot(SmallEncoder(), DATA, EpisodeTest(head="fine-tuning"), progress))


def test_classes_are_parted_three_to_one_without_overlap() -> None:
    data, classes = parted_classes(DATA, "test", 0), DATA.split("test")
    assert data.classes == classes.names
    for label, count in enumerate(classes.counts):
        assert int((data.train.labels == label).sum()) == round(0.75 * count)
        assert int((data.train.labels == label).sum() + (data.test.labels == label).sum()) == count
    parts = torch.cat([data.train.images, data.test.images]).flatten(1)
    torch.testing.assert_close(parts.float().sum(0), classes.images.flatten(1).float().sum(0))
    assert data.digest == parted_classes(DATA, "test", 0).digest != parted_classes(DATA, "test", 1).digest
