"""What is kept of the data's look: it shows what moved, and not who is among those counted."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from matching.entities import Candidate
from pipelines.access.vault import Vault, new_key
from pipelines.casebook import Casebook
from pipelines.errors import PipelineError
from pipelines.names_in_models import Names
from pipelines.quarter.profile import (
    BLUR,
    LEAST,
    OTHERS,
    PEOPLE,
    Binned,
    blurred,
    kept_profile,
    opened_profile,
    profile_of,
    sealed_profile,
    shifts,
)
from tests.support.accounts import VAULT
from tests.support.province import a_casebook

NAMES = Names.under(VAULT)
OTHER = Names.under(Vault.read(new_key("other")))


@pytest.fixture(scope="module")
def casebook() -> Casebook:
    return replace(a_casebook(), names=NAMES)


def test_same_data_and_key_keep_the_same_profile_and_another_key_another(casebook: Casebook) -> None:
    assert kept_profile(casebook) == kept_profile(casebook)
    other = kept_profile(replace(casebook, names=OTHER))
    assert {name for name in other if other[name] != kept_profile(casebook)[name]} <= set(PEOPLE)
    assert other != kept_profile(casebook)


def test_a_profile_lies_sealed_the_same_bytes_for_the_same_counts_and_opens_with_its_key_alone(
    casebook: Casebook,
) -> None:
    kept = kept_profile(casebook)
    sealed = sealed_profile(kept, NAMES)
    assert sealed == sealed_profile(kept, NAMES)
    assert opened_profile(sealed, VAULT) == kept
    assert sealed[:20] != sealed_profile({**kept, "people.place": {}}, NAMES)[:20]
    same_id = Vault.read(new_key(VAULT.current))
    for other, said in ((Vault.read(new_key("other")), "密钥"), (same_id, "不是用这个密钥")):
        with pytest.raises(PipelineError, match=said):
            opened_profile(sealed, other)
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for altered in (changed, sealed[:-9], "p9.k1.AAAA", 7):
        with pytest.raises(PipelineError):
            opened_profile(altered, VAULT)


def test_what_was_sealed_for_a_model_opens_as_no_profile() -> None:
    assert NAMES.open(NAMES.seal(b"{}")) == b"{}"
    for sealed, use in ((NAMES.seal(b"{}"), b"profile of a quarter"), (NAMES.seal(b"{}", b"another"), None)):
        with pytest.raises(PipelineError):
            NAMES.open(sealed, use)


def test_a_profile_that_an_earlier_card_holds_in_the_clear_is_read_as_it_is(casebook: Casebook) -> None:
    kept = kept_profile(casebook)
    assert opened_profile(kept, VAULT) == kept


def test_what_is_kept_of_people_counts_for_as_many_as_are_as_sure(casebook: Casebook) -> None:
    exact, kept = profile_of(casebook), kept_profile(casebook)
    assert set(kept) == set(exact)
    for name in PEOPLE:
        n = sum(exact[name].values())
        assert abs(sum(kept[name].values()) - n / (1 + BLUR**2)) <= len(exact[name])
    assert all(kept[name] == exact[name] for name in exact if name not in PEOPLE)


def test_noise_alone_is_not_taken_for_a_shift_and_a_shift_is_seen_through_it() -> None:
    before = {"north": 4000, "south": 3000, "east": 1000}
    moved = {"north": 1500, "south": 3000, "east": 3500}
    kept = {"people.place": blurred(before, NAMES, "people.place")}
    again = {"people.place": blurred(before, OTHER, "people.place")}
    now = {"people.place": blurred(moved, OTHER, "people.place")}
    assert shifts(kept, again)[0].moved.low < 0.02
    assert shifts(kept, now)[0].moved.low > 0.25


def test_nobody_counted_is_nobody_kept() -> None:
    assert blurred({}, NAMES, "people.place") == {}


def _auc(inside: list[float], outside: list[float]) -> float:
    ranks = rankdata([*inside, *outside])
    n, m = len(inside), len(outside)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _told(own: Binned, roster: Binned, person: Candidate) -> float:
    """Return whether somebody's values are more common among those counted than in the roster, which all know."""

    def share(held: Mapping[str, int], name: str) -> float:
        return max(held.get(name, held.get(OTHERS, 0)), 0.5) / max(sum(held.values()), 1)

    return float(sum(np.log(share(own[f], of(person)) / share(roster[f], of(person))) for f, of in PEOPLE.items()))


def test_who_holds_the_roster_is_not_told_by_a_kept_profile_who_was_counted(casebook: Casebook) -> None:
    """Homer's attack over many draws of half of all people: exact counts tell, kept ones hardly."""
    people, roster = sorted(casebook.candidates), profile_of(casebook)
    assert len(people) > 20 * LEAST
    exact, kept = list[float](), list[float]()
    for seed in range(30):
        drawn = np.random.default_rng(seed).permutation(len(people)) < len(people) // 2
        inside = [i for i, is_in in zip(people, drawn, strict=True) if is_in]
        outside = [i for i, is_in in zip(people, drawn, strict=True) if not is_in]
        learned = replace(casebook, candidates={i: casebook.candidates[i] for i in inside})
        for found, profile in ((exact, profile_of(learned)), (kept, kept_profile(learned))):
            told = {i: _told(profile, roster, casebook.candidates[i]) for i in people}
            found.append(_auc([told[i] for i in inside], [told[i] for i in outside]))
    assert np.mean(exact) > 0.54
    assert np.mean(kept) - 0.5 < (np.mean(exact) - 0.5) / 2
