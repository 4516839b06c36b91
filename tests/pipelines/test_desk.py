"""The desk's answers held against each other: both directions, what opens what, and the order of what came in."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.components import COMPONENTS
from matching.entities import CandidateId, Vacancy
from matching.licences import licences
from matching.ranking import Weights
from matching.vocabulary import YesNo
from models.chance import ChanceConfig, ChanceModel
from pipelines.access.roles import program_subject
from pipelines.casebook import load_casebook, load_people
from pipelines.desk import Desk, NoSuchCandidate, NoSuchVacancy
from pipelines.static import STATIC
from pipelines.store.repositories import CandidateRepository
from pipelines.store.session import engine_for
from pipelines.train import train
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.cases import cases_of
from tests.support.province import QUICK, TODAY, fill, trained
from tests.support.stores import PROGRAM

SAID_OF_A_PAIR = (
    "outcome",
    "outlook",
    "policy_order",
    "fit",
    "fit_parts",
    "chance",
    "score",
    "score_parts",
    "reasons",
    "missing",
    "accommodations",
)


def without_run(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "run_id"}


def person(desk: Desk, candidate_id: str = "demo-c-00001", **facts: Any) -> Desk:
    """Return the desk with one person's facts changed."""
    changed = replace(desk.casebook.candidates[CandidateId(candidate_id)], **facts)
    people = {**desk.casebook.candidates, changed.candidate_id: changed}
    return Desk.open(replace(desk.casebook, candidates=people), desk.model, desk.model_version, TODAY)


def test_both_directions_say_the_same_of_every_pair(desk: Desk) -> None:
    first = desk.document("demo-c-00001", k=1)["items"][0]["vacancy_id"]
    other_way = desk.candidates_for(first, k=1000)
    assert len(other_way["items"]) > 50
    for item in other_way["items"][:40]:
        listed = {i["vacancy_id"]: i for i in desk.document(item["candidate_id"], k=1000)["items"]}
        for name in SAID_OF_A_PAIR:
            assert item[name] == listed[first][name], (item["candidate_id"], name)


def test_who_is_not_listed_for_a_vacancy_does_not_have_it_on_their_list(desk: Desk) -> None:
    first = desk.document("demo-c-00001", k=1)["items"][0]["vacancy_id"]
    listed = {item["candidate_id"] for item in desk.candidates_for(first, k=1000)["items"]}
    others = [candidate_id for candidate_id in desk.active() if candidate_id not in listed]
    assert others
    for candidate_id in others[:20]:
        assert first not in {i["vacancy_id"] for i in desk.document(candidate_id, k=1000)["items"]}


def test_a_closed_or_unknown_vacancy_is_refused(desk: Desk) -> None:
    closed = next(v for v in desk.casebook.vacancies if v.closes_on is not None and v.closes_on < TODAY)
    for vacancy_id in (closed.vacancy_id, "nothing"):
        with pytest.raises(NoSuchVacancy):
            desk.candidates_for(vacancy_id, k=5)


def test_an_unknown_person_is_refused_without_the_id(desk: Desk) -> None:
    with pytest.raises(NoSuchCandidate) as caught:
        desk.document("62010219900101123X42", k=5)
    assert "62010219900101123X42" not in str(caught.value)


def test_who_wishes_no_job_gets_no_list_in_the_batch_and_who_never_said_does(desk: Desk) -> None:
    assert "demo-c-00001" not in person(desk, job_wish=YesNo.NO).active()
    assert "demo-c-00001" in person(desk, job_wish=None).active()


def test_a_licence_opens_as_many_vacancies_as_unlock_says(desk: Desk) -> None:
    found = [(c, entry) for c in desk.active()[:60] for entry in desk.unlock(c)["licences"]]
    assert found
    for candidate_id, entry in found[:5]:
        own = desk.casebook.candidates[CandidateId(candidate_id)].certificates
        held = (*own, licences()[entry["licence"]].words[0])
        before = desk.document(candidate_id, k=1)["counts"]["ranked"]
        after = person(desk, candidate_id, certificates=held).document(candidate_id, k=1)["counts"]["ranked"]
        assert after - before == entry["vacancies"]


def test_a_chance_is_a_probability_inside_its_interval_and_changes_no_order(desk: Desk) -> None:
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(400, len(STATIC)))
    ended = (rng.random(400) < 1 / (1 + np.exp(-columns[:, 0]))).astype(int)
    chance = ChanceModel.fit_if_enough(ChanceConfig(STATIC), columns, ended, minimum=50)
    model = replace(desk.model, weights=Weights(desk.model.weights.values, chance))
    with_chance = Desk.open(desk.casebook, model, "m", TODAY)
    items = with_chance.document("demo-c-00001", k=1000)["items"]
    for item in items:
        low, high = item["chance_interval"]
        assert 0 <= low <= item["chance"] <= high <= 1
    plain = desk.document("demo-c-00001", k=1000)["items"]
    assert [(i["vacancy_id"], i["fit"]) for i in items] == [(i["vacancy_id"], i["fit"]) for i in plain]


def test_parts_of_the_score_and_of_the_fit_add_up_to_what_is_shown(desk: Desk) -> None:
    for item in desk.document("demo-c-00001", k=50)["items"]:
        assert sum(item["score_parts"].values()) == pytest.approx(item["score"], abs=1e-3)
        assert sum(item["fit_parts"].values()) == pytest.approx(item["fit"], abs=1e-3)
        assert set(item["score_parts"]) <= set(COMPONENTS)


def test_the_order_of_rows_in_the_files_changes_neither_model_nor_list(tmp_path: Path) -> None:
    whole, mixed = trained(), tmp_path / "mixed"
    mixed.mkdir()
    rng = np.random.default_rng(11)
    for path in whole.tables.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            header, *rows = list(csv.reader(handle))
        with (mixed / path.name).open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows([header, *(rows[i] for i in rng.permutation(len(rows)))])
    engine = engine_for(f"sqlite:///{tmp_path / 'mixed.db'}", KEYS)
    fill(engine, mixed)
    with engine.begin() as connection:
        casebook = load_casebook(connection, program_subject())
    engine.dispose()
    straight = Town(whole.folder, whole.province).casebook()
    models = [train(c, until=TODAY, config=QUICK) for c in (straight, casebook)]
    checksums = [model.save(tmp_path / f"model-{n}") for n, model in enumerate(models)]
    assert checksums[0] == checksums[1]
    desks = [Desk.open(c, m, "m", TODAY) for c, m in zip((straight, casebook), models, strict=True)]
    for candidate_id in ("demo-c-00001", "demo-c-00002", "demo-c-00100"):
        one, other = (without_run(d.document(candidate_id, k=1000)) for d in desks)
        assert json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert cases_of(straight) == cases_of(casebook)


def test_a_home_address_alone_brings_work_near_it_up_and_stands_in_no_document(desk: Desk) -> None:
    nowhere: dict[str, Any] = {"region": None, "longitude": None, "latitude": None, "wished_regions": ()}
    without = person(desk, **nowhere, address=None)
    listed = without.document("demo-c-00001", k=1000)["items"]
    far_down = [item["vacancy_id"] for item in listed if _vacancy(desk, item["vacancy_id"]).address][-1]
    own = f"{_vacancy(desk, far_down).address}梨园巷九十九号"
    having = person(desk, **nowhere, address=own).document("demo-c-00001", k=1000)
    place = {item["vacancy_id"]: item["rank"] for item in having["items"]}[far_down]
    assert place < {item["vacancy_id"]: item["rank"] for item in listed}[far_down]
    assert "梨园巷" not in json.dumps(having, ensure_ascii=False)


def _vacancy(desk: Desk, vacancy_id: str) -> Vacancy:
    return next(v for v in desk.casebook.vacancies if v.vacancy_id == vacancy_id)


def test_a_casebook_read_whole_and_one_read_for_a_person_hold_the_same_person(town: Town) -> None:
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        whole = load_casebook(connection, PROGRAM)
        stored = CandidateRepository(connection, PROGRAM).all(with_identity=True)
        at_home = [c for c in stored if c.address][:5]
        assert at_home
        for one in at_home:
            few = load_people(connection, PROGRAM, [one.candidate_id])
            assert few.candidates == {one.candidate_id: whole.candidates[one.candidate_id]}
            assert few.candidates[one.candidate_id] == replace(one, name=None, phone=None)
    engine.dispose()
