"""The verdicts on chapter 5's claims, against numpy and by construction."""

import numpy as np
import pytest
from scipy.stats import t as student

from reports.claims.claim import Claim
from reports.claims.verdicts import claims_table, decide, verdicts_on
from reports.fewshot.claims import PAIRS, accuracies, claims_of
from reports.fewshot.experiments import Records
from reports.fewshot.summaries import chosen_coefficients
from tests.support.fewshot_records import made_up_records


def records_of(more: np.ndarray, less: np.ndarray) -> Records:
    """Records of two networks from accuracies (seeds, episodes)."""

    def one(values: np.ndarray) -> dict[str, object]:
        return {"evaluations": [{"head": "svm", "shot": 1, "accuracies": values.tolist()}]}

    return {
        "more": {seed: one(values) for seed, values in enumerate(more)},
        "less": {seed: one(values) for seed, values in enumerate(less)},
    }


CLAIM = Claim("5.1", "more beats less", "more", "less", accuracies("svm", 1))


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_standard_error_is_paired_and_over_seeds(seeds: int) -> None:
    random = np.random.default_rng(seeds)
    hardness = random.random(50)  # of the episodes, the same for both
    more = hardness + random.normal(0.02, 0.01, (seeds, 50))
    less = hardness + random.normal(0, 0.01, (seeds, 50))
    verdict = decide(CLAIM, records_of(more, less))
    difference = more - less
    episodes = difference.mean(0).std(ddof=1) / np.sqrt(50)
    over_seeds = difference.mean(1).std(ddof=1) / np.sqrt(seeds) if seeds > 1 else 0.0
    assert verdict.difference == pytest.approx(100 * difference.mean())
    assert verdict.standard_error == pytest.approx(100 * np.hypot(episodes, over_seeds))
    degrees = (episodes**2 + over_seeds**2) ** 2 / (episodes**4 / 49 + over_seeds**4 / max(1, seeds - 1))
    assert verdict.half_width == pytest.approx(verdict.standard_error * student.ppf(0.975, degrees))
    assert verdict.word == "seen"
    assert decide(CLAIM, records_of(less, more)).word == "reversed"


def test_two_seeds_that_disagree_decide_nothing() -> None:
    more = np.array([[0.6, 0.61, 0.59], [0.9, 0.91, 0.89]])
    verdict = decide(CLAIM, records_of(more, np.full((2, 3), 0.5)))
    assert verdict.difference == pytest.approx(25)
    assert verdict.standard_error == pytest.approx(15, rel=0.01)
    assert verdict.half_width > 10 * verdict.standard_error  # of one degree of freedom
    assert verdict.word == "not seen"


def test_no_difference_is_not_seen() -> None:
    same = np.random.default_rng(0).random((2, 20))
    verdict = decide(CLAIM, records_of(same, same))
    assert (verdict.difference, verdict.standard_error, verdict.word) == (0, 0, "not seen")


def test_a_single_number_of_one_seed_decides_nothing() -> None:
    records = made_up_records(seeds=(1,))
    verdicts = [one for one in verdicts_on(claims_of(chosen_coefficients(records)), records) if one["table"] == "5.4"]
    assert {one["standard_error"] for one in verdicts} == {None}
    assert {one["verdict"] for one in verdicts} == {"not seen"}
    assert all(row[3] == "" for row in claims_table(verdicts, "", chapter=5, where="table", pairs=PAIRS).rows)


def test_every_claim_has_its_records_and_a_text_of_its_own() -> None:
    records = made_up_records()
    claims = claims_of(chosen_coefficients(records))
    assert {claim.more for claim in claims} | {claim.less for claim in claims} <= records.keys()
    assert len({(claim.where, claim.text) for claim in claims}) == len(claims)
    assert {claim.where for claim in claims} == {"Figure 5.3", *(f"5.{number}" for number in (1, 2, 3, 4, 5, 6, 7, 10))}
    assert len(verdicts_on(claims, records)) == len(claims)
