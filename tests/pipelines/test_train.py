"""What training may look at, and what it does with little or nothing."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from matching.components import COMPONENTS
from matching.entities import Candidate, CandidateId, Interaction, VacancyId
from matching.ranking import Weights
from matching.vocabulary import InteractionKind
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.train import train
from tests.conftest import Town
from tests.support.province import QUICK, TODAY

SPLIT = date(2026, 6, 30)


@pytest.fixture(scope="module")
def casebook(town: Town) -> Casebook:
    return town.casebook()


def act(day: int, kind: InteractionKind, vacancy: str = "v-1") -> Interaction:
    return Interaction(
        candidate_id=CandidateId("c-1"), vacancy_id=VacancyId(vacancy), kind=kind, at=date(2026, 3, day), reason=None
    )


def test_a_pair_counts_from_its_first_day_where_that_is_asked_and_else_from_its_last(casebook: Casebook) -> None:
    acts = [act(2, InteractionKind.VIEWED), act(9, InteractionKind.APPLIED), act(5, InteractionKind.VIEWED, "v-2")]
    some = replace(casebook, interactions=acts)
    for first_day, day in ((True, 2), (False, 9)):
        found = {row[1]: row[2:] for row in some.acts(first_day=first_day).itertuples(index=False)}
        assert found["v-1"][1].date() == date(2026, 3, day)
        assert found["v-1"][0] > found["v-2"][0]


def test_refusals_are_no_acts(casebook: Casebook) -> None:
    refused = [act(2, InteractionKind.DECLINED_BY_CANDIDATE), act(3, InteractionKind.DECLINED_BY_EMPLOYER)]
    assert replace(casebook, interactions=refused).acts().empty


def test_nothing_dated_after_the_last_day_reaches_the_model(casebook: Casebook, tmp_path: Path) -> None:
    """Acts, placements and vacancies that came later may be there or not: the files are equal to the byte."""
    known = [v for v in casebook.vacancies if v.opens_on is None or v.opens_on <= SPLIT]
    past = replace(
        casebook,
        vacancies=known,
        interactions=[i for i in casebook.interactions if i.at <= SPLIT],
        placements=[p for p in casebook.placements if p.starts_on is None or p.starts_on <= SPLIT],
    )
    assert len(known) < len(casebook.vacancies)
    assert len(past.interactions) < len(casebook.interactions)
    now, then = (train(c, until=SPLIT, config=QUICK) for c in (casebook, past))
    assert now.weights.values.tolist() == then.weights.values.tolist()
    then = replace(then, summary=now.summary)
    assert now.save(tmp_path / "now") == then.save(tmp_path / "then")


def test_without_any_history_lists_stand_by_the_stated_weights_and_show_no_chance(casebook: Casebook) -> None:
    blank = replace(casebook, interactions=[], placements=[])
    model = train(blank, until=TODAY, config=QUICK)
    assert model.collaborative is None
    assert model.weights.values.tolist() == Weights.prior().values.tolist()
    items = Desk.open(blank, model, "m", TODAY).document("demo-c-00001", k=10)["items"]
    assert len(items) == 10
    assert all(item["chance"] is None and item["reasons"] for item in items)


def test_without_people_or_vacancies_training_still_ends(casebook: Casebook) -> None:
    nobody = replace(casebook, candidates={}, interactions=[], placements=[])
    assert train(nobody, until=TODAY).summary["n_candidates"] == 0
    nothing = replace(casebook, vacancies=[], interactions=[], placements=[], texts={})
    model = train(nothing, until=TODAY)
    assert Desk.open(nothing, model, "m", TODAY).document("demo-c-00001", k=5)["counts"]["open"] == 0


def test_acts_of_people_and_on_vacancies_that_nobody_knows_are_passed_over(casebook: Casebook) -> None:
    people = {k: v for k, v in casebook.candidates.items() if int(k[-3:]) % 2}
    vacancies = [v for v in casebook.vacancies if int(v.vacancy_id[-3:]) % 2]
    half = replace(casebook, candidates=people, vacancies=vacancies)
    model = train(half, until=TODAY, config=QUICK)
    assert np.isfinite(model.weights.values).all()
    assert Desk.open(half, model, "m", TODAY).document("demo-c-00001", k=5)["items"]


def test_a_component_that_is_left_out_keeps_its_stated_weight(casebook: Casebook) -> None:
    model = train(casebook, until=TODAY, config=replace(QUICK, left_out=("freshness",)))
    place = COMPONENTS.index("freshness")
    assert model.weights.values[place] == pytest.approx(Weights.prior().values[place], abs=1e-3)


def test_silence_is_no_taste(casebook: Casebook) -> None:
    """Features of what is missing have vectors too; they must not order the list of somebody who stated nothing."""
    model = train(casebook, until=TODAY, config=QUICK)
    index = model.index(casebook.stock(TODAY), casebook.texts)
    nobody = Candidate(candidate_id=CandidateId("nobody"))
    assert model.ask(nobody, [], index).vector is None
    assert model.ask(replace(nobody, region="620102"), [], index).vector is not None
    act = (casebook.vacancies[0].vacancy_id, 1.0)
    assert model.ask(nobody, [act], index).vector is not None


def test_the_day_decides_what_was_learned_from(casebook: Casebook) -> None:
    early, late = (train(casebook, until=day, config=QUICK) for day in (SPLIT, TODAY))
    assert early.summary["n_pairs"] < late.summary["n_pairs"]
    assert early.trained_until == SPLIT
    assert early.trained_until + timedelta(days=1) < late.trained_until
