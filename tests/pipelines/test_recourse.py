"""Recourse as a person relies on it: what is said to suffice does suffice, and nothing unchangeable is asked for."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from matching.entities import Candidate, CandidateId
from matching.licences import holds, required_licences
from matching.occupations import families
from matching.vocabulary import AccommodationState, WorkMode
from pipelines.desk import Desk, NoSuchCandidate, NoSuchVacancy
from pipelines.recourse import CHANGEABLE, _changes, recourse, recourse_lines
from pipelines.standing import standings
from tests.conftest import Town, Yougang

FIXED = {"category", "grade", "sex", "birth_date", "hukou", "region", "certificate_number", "household_kinds"}


def far_down(desk: Desk, n: int) -> list[tuple[str, str]]:
    """Return people with a vacancy that stands below their first ten."""
    found: list[tuple[str, str]] = []
    for candidate_id in desk.active():
        items = desk.document(candidate_id, k=60)["items"]
        if len(items) > 12:
            found.append((candidate_id, items[-1]["vacancy_id"]))
        if len(found) == n:
            break
    return found


@pytest.fixture(scope="module")
def told(desk: Desk) -> list[dict[str, Any]]:
    return [recourse(desk, person, vacancy) for person, vacancy in far_down(desk, 12)]


def test_what_is_said_to_suffice_is_what_the_list_would_be(desk: Desk, told: list[dict[str, Any]]) -> None:
    checked = 0
    for document in told:
        person = desk.casebook.candidates[CandidateId(document["candidate_id"])]
        item = desk.index.stock.items[desk.open_row(document["vacancy_id"])]
        changes = {change.name: change for change in _changes(desk, person, item)}
        together = document["together"]
        if together is None or not together["is_among_first"]:
            continue
        if any(changes[name].of_person is None for name in together["changes"]):
            continue
        changed = person
        for name in together["changes"]:
            change = changes[name].of_person
            assert change is not None
            changed = change(changed)
        casebook = replace(desk.casebook, candidates={**desk.casebook.candidates, person.candidate_id: changed})
        items = replace(desk, casebook=casebook).document(person.candidate_id, k=10)["items"]
        place = [i["rank"] for i in items if i["vacancy_id"] == document["vacancy_id"]]
        assert place == [together["rank"]]
        checked += 1
    assert checked >= 3


def test_what_is_said_to_suffice_holds_when_the_employer_arranges_it_too(
    desk: Desk, told: list[dict[str, Any]]
) -> None:
    """Each such change written into the vacancy, over a desk opened anew: the place is the one that was said."""
    checked = 0
    for document in told:
        person = desk.casebook.candidates[CandidateId(document["candidate_id"])]
        item = desk.index.stock.items[desk.open_row(document["vacancy_id"])]
        for change in _changes(desk, person, item):
            if change.accommodation is None or checked >= 3:
                continue
            said = next(one for one in document["changes"] if one["change"] == change.name)
            offered = {**item.vacancy.accommodations, change.accommodation: AccommodationState.VERIFIED}
            vacancies = [
                replace(v, accommodations=offered) if v.vacancy_id == item.vacancy.vacancy_id else v
                for v in desk.casebook.vacancies
            ]
            anew = Desk.open(replace(desk.casebook, vacancies=vacancies), desk.model, "anew", desk.rules.on)
            places = {i["vacancy_id"]: i["rank"] for i in anew.document(person.candidate_id, k=500)["items"]}
            assert places.get(document["vacancy_id"]) == said["rank"]
            checked += 1
    assert checked


def test_what_helps_stands_apart_from_what_changes_nothing(told: list[dict[str, Any]]) -> None:
    for document in told:
        lines = recourse_lines(document)
        for change in document["changes"]:
            place = change["rank_at_best"] or change["rank"]
            assert change["helps"] == (place is not None and place < document["now"]["rank"])
            own = any(line.startswith(f"  {change['label']}（") for line in lines)
            assert own == change["helps"]
        for name in [] if document["together"] is None else document["together"]["changes"]:
            assert name in {change["change"] for change in document["changes"] if change["helps"]}


def test_what_is_only_supposed_is_said_with_both_its_ends(desk: Desk, told: list[dict[str, Any]]) -> None:
    """Somebody who turns out to do everything well is fit for other posts too: the place is worse than just fit."""
    n_apart = 0
    for document in told:
        person = desk.casebook.candidates[CandidateId(document["candidate_id"])]
        item = desk.index.stock.items[desk.open_row(document["vacancy_id"])]
        change = next((c for c in _changes(desk, person, item) if c.name == "fact.functions"), None)
        if change is None or change.of_person is None or change.at_most is None:
            continue
        said = next(one for one in document["changes"] if one["change"] == change.name)
        places = set()
        for end in (change.of_person, change.at_most):
            casebook = replace(desk.casebook, candidates={**desk.casebook.candidates, person.candidate_id: end(person)})
            items = replace(desk, casebook=casebook).document(person.candidate_id, k=500)["items"]
            places.add(next(i["rank"] for i in items if i["vacancy_id"] == document["vacancy_id"]))
        assert (said["rank_at_best"] or said["rank"], said["rank"]) == (min(places), max(places))
        line = next((one for one in recourse_lines(document) if one.startswith(f"  {change.label}（")), None)
        if line is not None and len(places) > 1:
            assert f"视核实结果，到第 {min(places)} 至 {max(places)} 位" in line
            n_apart += 1
    assert n_apart


def test_what_may_turn_out_well_is_proposed_only_where_nothing_else_suffices(told: list[dict[str, Any]]) -> None:
    n_sure = 0
    for document in told:
        supposed = {change["change"] for change in document["changes"] if change["is_supposed"]}
        sure = [c for c in document["changes"] if not c["is_supposed"] and c["is_among_first"]]
        if sure and document["together"] is not None:
            assert not supposed & set(document["together"]["changes"])
            n_sure += 1
    assert n_sure


def _out_of_reach(desk: Desk) -> list[dict[str, Any]]:
    """Return what is said of vacancies that are left out because they are too far for the person."""
    found = []
    for candidate_id in desk.active()[:40]:
        person = desk.casebook.candidates[CandidateId(candidate_id)]
        if person.max_commute_km is None:
            continue
        for row in desk.index.stock.open_rows(desk.rules.on)[:40]:
            vacancy = desk.index.stock.items[row].vacancy.vacancy_id
            if standings(desk, candidate_id, [vacancy])[0].get("reason", "").startswith("超过本人最远通勤"):
                found.append(recourse(desk, candidate_id, vacancy))
                break
        if len(found) == 6:
            break
    return found


def test_who_would_still_be_too_far_off_is_not_told_to_go_farther(desk: Desk) -> None:
    documents, farther = _out_of_reach(desk), 0
    for document in documents:
        change = next(c for c in document["changes"] if c["change"] == "wish.commute")
        if change["excluded_by"] is not None and change["excluded_by"].startswith("超过本人最远通勤"):
            farther += 1
            assert not change["helps"]
            assert "wish.commute" not in (document["together"] or {"changes": []})["changes"]
    assert farther >= 2


def test_a_ground_that_nothing_takes_away_is_said_as_such(desk: Desk) -> None:
    n_fixed = 0
    for candidate_id in desk.active()[:12]:
        for row in desk.index.stock.open_rows(desk.rules.on)[:25]:
            vacancy = desk.index.stock.items[row].vacancy.vacancy_id
            stands = standings(desk, candidate_id, [vacancy])[0]
            if stands["state"] != "excluded" or "超出本人目前能力" not in stands["reason"]:
                continue
            document = recourse(desk, candidate_id, vacancy)
            lines = recourse_lines(document)
            said = [line for line in lines if "没有一件能去掉这个原因" in line]
            assert bool(said) is (document["stays_out_by"] is not None)
            if said:
                n_fixed += 1
                assert document["stays_out_by"] in said[0]
                assert all(change["rank"] is None for change in document["changes"])
                assert not any("还不足以进入" in line for line in lines)
            break
    assert n_fixed >= 1


def test_two_grounds_that_keep_a_vacancy_out_are_both_taken_away(desk: Desk) -> None:
    """Only the first ground is said; taking it away brings nothing by itself, and both together do."""
    for candidate_id in desk.active():
        person = desk.casebook.candidates[candidate_id]
        first = desk.document(candidate_id, k=1)["items"]
        item = first and desk.index.stock.items[desk.open_row(first[0]["vacancy_id"])]
        if not item or item.vacancy.work_mode is None or item.vacancy.hours_per_day is None:
            continue
        other = next(mode for mode in WorkMode if mode is not item.vacancy.work_mode)
        narrow = replace(person, work_modes=(other,), hours_per_day_max=Decimal(1))
        casebook = replace(desk.casebook, candidates={**desk.casebook.candidates, candidate_id: narrow})
        document = recourse(replace(desk, casebook=casebook), candidate_id, item.vacancy.vacancy_id)
        if document["now"]["rank"] is None and document["together"] is not None:
            helps = {change["change"] for change in document["changes"] if change["helps"]}
            if {"wish.hours"} & helps or {"wish.work_mode"} & helps:
                assert {"wish.hours", "wish.work_mode"} <= set(document["together"]["changes"])
                assert document["together"]["rank"] is not None
                return
    pytest.fail("nobody of the town has such a vacancy")


def test_licences_that_are_all_lacking_are_asked_for_together(desk: Desk) -> None:
    """Of whom no certificate is known nothing is excluded; one of two alone would put the vacancy out of the list."""
    found = 0
    licensed = [
        item
        for item in desk.index.stock.items
        if required_licences(item.vacancy, families().get(item.reading.family_id or ""))
    ]
    for person in list(desk.casebook.candidates.values())[:40]:
        for item in licensed:
            changes = [one for one in _changes(desk, person, item) if one.kind == "certificate"]
            if person.certificates or not changes:
                continue
            assert len(changes) == 1
            assert changes[0].of_person is not None
            after = changes[0].of_person(person)
            family = families().get(item.reading.family_id or "")
            assert all(holds(after.certificates, one) for one in required_licences(item.vacancy, family))
            found += 1
    assert found


def test_only_what_can_be_changed_is_ever_changed(desk: Desk) -> None:
    assert not CHANGEABLE & FIXED
    seen = set()
    for candidate_id, person in list(desk.casebook.candidates.items())[:40]:
        for item in desk.index.stock.items[:40]:
            for change in _changes(desk, person, item):
                if change.of_person is not None:
                    after = change.of_person(person)
                    seen |= {f.name for f in fields(Candidate) if getattr(after, f.name) != getattr(person, f.name)}
        assert candidate_id == person.candidate_id
    assert seen
    assert seen <= CHANGEABLE


def test_every_change_says_who_and_where_it_leads(told: list[dict[str, Any]]) -> None:
    changes = [change for document in told for change in document["changes"]]
    assert changes
    assert all(change["who"] and change["label"] for change in changes)
    assert all((change["rank"] is None) == (change["excluded_by"] is not None) for change in changes)
    for document in told:
        ranks = [change["rank"] or 10**6 for change in document["changes"]]
        assert ranks == sorted(ranks)
        assert document["now"]["rank"] > 10
        assert any("由本人决定" in line for line in recourse_lines(document))


def test_a_vacancy_among_the_first_ten_needs_nothing(desk: Desk) -> None:
    person = far_down(desk, 1)[0][0]
    first = desk.document(person, k=1)["items"][0]["vacancy_id"]
    document = recourse(desk, person, first)
    assert document["now"]["is_among_first"]
    assert (document["changes"], document["together"]) == ([], None)


def test_who_and_what_is_not_there_is_said(desk: Desk) -> None:
    person, vacancy = far_down(desk, 1)[0]
    with pytest.raises(NoSuchVacancy):
        recourse(desk, person, "nothing")
    with pytest.raises(NoSuchCandidate):
        recourse(desk, "nobody", vacancy)


def test_the_command_says_the_same(town: Town, desk: Desk, yougang: Yougang) -> None:
    person, vacancy = far_down(desk, 1)[0]
    told = yougang("--json", "recourse", person, vacancy, at=town).document
    assert told == recourse(desk, person, vacancy)
