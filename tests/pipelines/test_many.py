"""Lists made for many people together against lists made one by one: the same, whoever asks and whatever is known."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numba
import numpy as np
import pytest

from matching.components import COMPONENTS, Asked
from matching.entities import Candidate, CandidateId, Interaction, Vacancy, VacancyId
from matching.many import lists as many
from matching.many.compiled import compiled
from matching.many.lists import Lists
from matching.many.usual import usual_places
from matching.matcher import Lines
from matching.ranking import Weights
from matching.rules.person import is_recognised_hard_to_employ
from matching.vocabulary import (
    Accommodation,
    Education,
    Function,
    HouseholdKind,
    InteractionKind,
    Transport,
    WorkMode,
)
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from tests.support.province import TODAY

PLACES = ("620100", "620102", "620500", "620503", "621202", "620000", "110105")
WISHES = (
    "什么都行",
    "在家干的活",
    "能坐着干的",
    "客服",
    "保洁员",
    "软件工程师",
    "盲人按摩",
    "有力气的活",
    "上山打老虎",
)
STATED = (
    "education", "graduated_on", "skills", "experience", "experience_years", "certificates", "wished_occupations",
    "wished_regions", "wished_wage_min", "work_modes", "max_commute_km", "transport", "hours_per_day_max", "functions",
    "accommodations_needed", "household_kinds", "hard_to_employ_since", "region", "category", "certificate_number",
    "birth_date", "sex", "longitude",
)  # fmt: skip


def some_of(rng: Random, values: Sequence[Any], most: int = 3) -> tuple[Any, ...]:
    return tuple(rng.sample(list(values), rng.randint(0, min(most, len(values)))))


def changed(rng: Random, person: Candidate) -> Candidate:
    """Return a person with other facts, and some of them forgotten."""
    levels = {f: rng.choice([0, 0, 0, 1, 2, 3, 4]) for f in Function if rng.random() < 0.8}
    facts: dict[str, Any] = {
        "region": rng.choice([*PLACES, person.region]),
        "wished_regions": some_of(rng, PLACES),
        "wished_occupations": some_of(rng, [*WISHES, *person.wished_occupations]),
        "skills": some_of(rng, ["电子商务", "客服", "Excel", "excel", *person.skills], 4),
        "certificates": some_of(rng, ["盲人医疗按摩人员从事医疗按摩资格证书", "低压电工证", "健康证", "驾驶证C1"]),
        "education": rng.choice(list(Education)),
        "transport": rng.choice(list(Transport)),
        "work_modes": some_of(rng, list(WorkMode)),
        "household_kinds": some_of(rng, list(HouseholdKind)),
        "accommodations_needed": some_of(rng, list(Accommodation)),
        "functions": levels,
        "graduated_on": TODAY - timedelta(days=rng.randint(0, 2000)),
        "hard_to_employ_since": TODAY - timedelta(days=rng.randint(0, 2000)),
        "hard_to_employ_until": TODAY + timedelta(days=rng.randint(-300, 2000)),
        "birth_date": date(rng.randint(1950, 2012), 5, 5),
    }
    made = replace(person, **{name: value for name, value in facts.items() if rng.random() < 0.5})
    defaults: dict[str, Any] = {f.name: () if isinstance(getattr(made, f.name), tuple) else None for f in fields(made)}
    forgotten = {name: defaults[name] for name in STATED if rng.random() < 0.15}
    if "functions" in forgotten:
        forgotten["functions"] = {}
    if "longitude" in forgotten:
        forgotten["latitude"] = None
    return replace(made, **forgotten)


def a_world(desk: Desk, seed: int, *, n: int = 60) -> Desk:
    """Return the small province with other people, acts and refusals, and vacancies of which something is not known."""
    rng = Random(seed)
    people = [changed(rng, person) for person in list(desk.casebook.candidates.values())[:n]]
    people.append(Candidate(candidate_id=CandidateId("nobody-knows")))
    kinds = [InteractionKind.VIEWED, InteractionKind.APPLIED, InteractionKind.DECLINED_BY_CANDIDATE]
    ids = [vacancy.vacancy_id for vacancy in desk.casebook.vacancies]
    acts = [
        Interaction(candidate_id=p.candidate_id, vacancy_id=v, kind=rng.choice(kinds), at=TODAY - timedelta(days=3))
        for p in people
        for v in rng.sample(ids, rng.choice([0, 0, 1, 6]))
    ]
    stock = [_poorer(rng, vacancy) for vacancy in desk.casebook.vacancies]
    book = replace(desk.casebook, candidates={p.candidate_id: p for p in people}, interactions=acts, vacancies=stock)
    assert desk.model.demanded  # so that silence about demands counts
    return Desk.open(book, replace(desk.model, weights=weights(rng, desk)), desk.model_version, TODAY)


def _poorer(rng: Random, vacancy: Vacancy) -> Vacancy:
    lost: dict[str, Any] = {}
    if rng.random() < 0.2:
        lost |= {"region": None, "longitude": None, "latitude": None}
    if rng.random() < 0.2:
        lost |= {"wage_min": None}
    if rng.random() < 0.2:
        lost |= {"wage_max": None}
    if rng.random() < 0.2:
        lost |= {"work_mode": rng.choice([None, WorkMode.REMOTE])}
    return replace(vacancy, **lost)


def weights(rng: Random, desk: Desk) -> Weights:
    """Return weights in which every component tells."""
    return Weights(np.array([rng.uniform(0.1, 2.0) for _ in COMPONENTS]), desk.model.weights.chance)


def together(desk: Desk, k: int) -> tuple[Lists, list[Lines]]:
    lists = Lists(desk.index, desk.rules, desk.model.weights)
    return lists, lists.of(desk.ask_many(desk.active()), k=k)


def assert_same(one: Lines, other: Lines) -> None:
    for name in ("rows", "outcome", "band", "fit", "score"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    assert (one.chance is None) == (other.chance is None)
    if one.chance is not None and other.chance is not None:
        assert one.chance.tolist() == other.chance.tolist()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [1, 50])
def test_lists_made_together_are_the_lists_made_alone(desk: Desk, seed: int, k: int) -> None:
    world = a_world(desk, seed)
    lists, found = together(world, k)
    assert lists.counts.alone == 0
    for candidate_id, lines in zip(world.active(), found, strict=True):
        assert_same(lines, world.lines(candidate_id, k=k))


@pytest.mark.parametrize("seed", range(3))
def test_what_the_first_stage_leaves_out_changes_no_list(
    desk: Desk, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_KEPT_FIRST", 10)
    world = a_world(desk, seed)
    lists, found = together(world, 4)
    assert lists.counts.alone == 0
    for candidate_id, lines in zip(world.active(), found, strict=True):
        assert_same(lines, world.lines(candidate_id, k=4))


def test_posts_of_one_employer_that_fill_the_head_are_spread_as_in_a_single_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_KEPT_FIRST", 20)
    book = desk.casebook
    like = [
        replace(vacancy, vacancy_id=VacancyId(f"{vacancy.vacancy_id}-{copy}"))
        for vacancy in book.vacancies[:20]
        for copy in range(30)
    ]
    texts = {v.vacancy_id: book.texts[VacancyId(v.vacancy_id.rsplit("-", 1)[0])] for v in like}
    people = dict(list(book.candidates.items())[:40])
    crowded = replace(book, vacancies=like, texts=texts, candidates=people)
    world = Desk.open(crowded, desk.model, desk.model_version, TODAY)
    lists, found = together(world, 8)
    assert lists.counts.widened > 20
    for candidate_id, lines in zip(world.active(), found, strict=True):
        assert_same(lines, world.lines(candidate_id, k=8))


def test_where_a_first_score_is_not_near_the_list_is_made_alone_and_right(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world(desk, 3, n=20)
    monkeypatch.setattr("matching.many.first_stage.usual_places", lambda *given: usual_places(*given) + 0.3)
    lists, found = together(world, 10)
    assert lists.counts.alone > 0
    for candidate_id, lines in zip(world.active(), found, strict=True):
        assert_same(lines, world.lines(candidate_id, k=10))


def test_people_asked_together_are_asked_as_alone(desk: Desk) -> None:
    world = a_world(desk, 5)
    for candidate_id, asked in zip(world.active(), world.ask_many(world.active()), strict=True):
        alone = world.ask(candidate_id)
        assert _told(asked) == _told(alone)


def _told(asked: Asked) -> list[Any]:
    arrays = (asked.vector, asked.direction, asked.history.rows, asked.history.weights)
    return [asked.candidate, list(asked.words), asked.past, *(None if a is None else a.tolist() for a in arrays)]


def test_nobody_and_a_stock_without_a_vacancy_give_no_line(desk: Desk) -> None:
    lists = Lists(desk.index, desk.rules, desk.model.weights)
    assert lists.of([], k=5) == []
    empty = Desk.open(_without_vacancies(desk.casebook), desk.model, desk.model_version, TODAY)
    _, found = together(empty, 5)
    assert [len(lines.rows) for lines in found] == [0] * len(empty.active())


def _without_vacancies(book: Casebook) -> Casebook:
    return replace(book, vacancies=[], candidates=dict(list(book.candidates.items())[:5]))


def test_recognition_rests_on_the_two_days_that_it_is_remembered_by(desk: Desk) -> None:
    """`Facets` asks the rule once for each pair of days; were it to read more, people would share an answer wrongly."""
    rng, rules = Random(1), desk.rules
    days = {"hard_to_employ_since": TODAY, "hard_to_employ_until": TODAY + timedelta(days=9)}
    for since in (None, days["hard_to_employ_since"]):
        for until in (None, days["hard_to_employ_until"]):
            people = [replace(changed(rng, p), hard_to_employ_since=since, hard_to_employ_until=until)
                      for p in list(desk.casebook.candidates.values())[:40]]  # fmt: skip
            assert len({is_recognised_hard_to_employ(person, rules.on) for person in people}) == 1


def test_where_nothing_compiled_can_be_kept_it_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_uncached(function: Any, **settings: Any) -> Any:
        if settings.get("cache"):
            raise RuntimeError("no locator available")
        return function

    monkeypatch.setattr(numba, "njit", only_uncached)
    assert compiled(abs)(-3) == 3
