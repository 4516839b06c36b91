"""What a missing fact holds up: how many vacancies, and which benefits; supplied, it settles those it is said to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from matching.entities import CandidateId
from matching.missing import BenefitWait, MissingFact, Unlock, benefit_waits, with_benefits
from matching.rules.benefits import benefit, benefits_for
from matching.rules.decision import Outcome
from matching.rules.rulebook import rulebook
from matching.rules.subjects import candidate_facts
from matching.rules.values import Value
from pipelines.desk import Desk
from pipelines.documents import BENEFITS_ONLY_SHOWN, document_lines, held_up_words, unlock_documents
from tests.support.province import TODAY

BOOK = rulebook()
DAY = date(2026, 11, 23)
HOLDER: Mapping[str, Value] = {"holds_certificate": True, "certificate_valid_until": date(2030, 1, 1)}
SELF_EMPLOYED = "fees.admin_exempt"
NURSING = "benefit.nursing_tier"


def waits_of(name: str, facts: Mapping[str, Value] = HOLDER) -> dict[str, bool]:
    """Return the benefits that wait for a fact, and whether it settles them."""
    return {wait.rule_id: wait.decides for wait in benefit_waits(BOOK, facts, DAY).get(name, ())}


def own_facts(desk: Desk, candidate_id: str) -> Mapping[str, Value]:
    """Return what is stored of a person."""
    found = desk.casebook.candidates[CandidateId(candidate_id)]
    return candidate_facts(found, TODAY, desk.placements.get(found.candidate_id, ()))


def name_in_rules(fact: str) -> str:
    """Return a fact's name in the rules."""
    return {"category": "certificate_category", "certificates": "has_certificates"}.get(fact, fact)


def test_a_fact_that_alone_is_missing_settles_the_benefit() -> None:
    assert waits_of("self_employed")[SELF_EMPLOYED] is True
    assert waits_of("certificate_grade")[NURSING] is True
    for value in (True, False):
        assert benefit(BOOK, SELF_EMPLOYED, {**HOLDER, "self_employed": value}, DAY).outcome is not Outcome.UNKNOWN


def test_a_fact_beside_which_another_is_missing_settles_nothing() -> None:
    assert waits_of("self_employed", {})[SELF_EMPLOYED] is False
    assert waits_of("first_venture")["startup.lump_sum"] is False


def test_of_two_facts_that_stand_for_each_other_one_settles() -> None:
    grade = {"certificate_grade": Fraction(1), "certificate_category": Fraction(4)}
    assert waits_of("holds_certificate", grade)[NURSING] is True
    assert waits_of("certificate_valid_until", grade)[NURSING] is True


def test_a_fact_on_which_only_the_sum_waits_is_named_where_the_benefit_is_met() -> None:
    known = {**HOLDER, "certificate_grade": Fraction(1), "region": "620102"}
    early = date(2020, 6, 1)
    assert benefit(BOOK, NURSING, known, early).outcome is Outcome.MET
    waits = benefit_waits(BOOK, known, early)
    assert NURSING in {wait.rule_id for wait in waits["certificate_category"]}
    assert NURSING not in {wait.rule_id for wait in waits.get("certificate_grade", ())}


def test_a_benefit_that_is_settled_waits_for_nothing() -> None:
    known = {**HOLDER, "self_employed": True, "certificate_grade": Fraction(4)}
    waiting = {wait.rule_id for waits in benefit_waits(BOOK, known, DAY).values() for wait in waits}
    assert SELF_EMPLOYED not in waiting
    assert NURSING not in waiting


def test_benefits_join_the_vacancies_of_the_same_fact_and_the_others_follow_by_number() -> None:
    waits = {
        "certificate_category": (BenefitWait("a", "甲", decides=True),),
        "self_employed": (BenefitWait("a", "甲", decides=False),),
        "flexible_work": (BenefitWait("a", "甲", decides=False), BenefitWait("b", "乙", decides=False)),
    }
    held = Unlock(MissingFact("category", "残疾类别", "本人"), 7, 2)
    found = with_benefits([held, Unlock(MissingFact("region", "居住地区", "本人"), 3, 0)], waits, BOOK)
    assert [(u.missing.fact, u.n_vacancies, len(u.benefits)) for u in found] == [
        ("category", 7, 1),
        ("region", 3, 0),
        ("flexible_work", 0, 2),
        ("self_employed", 0, 1),
    ]
    assert found[2].missing == MissingFact("flexible_work", "是否灵活就业", "本人")
    assert [held_up_words(entry) for entry in unlock_documents(found)] == [
        "7个岗位、1项待遇",
        "3个岗位",
        "2项待遇",
        "1项待遇",
    ]


def test_every_fact_named_is_really_missing_and_somebody_can_supply_it(desk: Desk) -> None:
    for candidate_id in desk.active()[:30]:
        known = own_facts(desk, candidate_id)
        for entry in desk.unlock(candidate_id)["facts"]:
            assert entry["who_can_supply"]
            assert entry["vacancies"] or entry["benefits"]
            if entry["benefits"]:
                assert name_in_rules(entry["fact"]) not in known


def test_what_the_desk_says_settles_a_benefit_does_so_whatever_the_answer(desk: Desk) -> None:
    settled = 0
    for candidate_id in desk.active()[:60]:
        known = own_facts(desk, candidate_id)
        for entry in desk.unlock(candidate_id)["facts"]:
            if BOOK.facts.get(entry["fact"]) is None or BOOK.facts[entry["fact"]].kind.value != "flag":
                continue
            for wait in entry["benefits"]:
                answers = [benefit(BOOK, wait["rule_id"], {**known, entry["fact"]: v}, TODAY) for v in (True, False)]
                is_settled = all(answer.outcome is not Outcome.UNKNOWN for answer in answers)
                assert is_settled or not wait["decides"]
                settled += wait["decides"]
    assert settled


def test_every_benefit_that_a_fact_can_open_is_named(desk: Desk) -> None:
    for candidate_id in desk.active()[:20]:
        known = own_facts(desk, candidate_id)
        open_ones = {b.rule_id for b in benefits_for(BOOK, ("person",), known, TODAY) if b.outcome is Outcome.UNKNOWN}
        named = {held["rule_id"] for held in desk.unlock(candidate_id)["benefits"]}
        blocked = {
            rule_id
            for rule_id in open_ones - named
            if not {item.name for item in benefit(BOOK, rule_id, known, TODAY).lacking} & set(BOOK.facts)
        }
        assert open_ones <= named | blocked


def test_vacancies_come_first_then_benefits_alone_by_their_number(desk: Desk) -> None:
    entries = desk.unlock(desk.active()[0])["facts"]
    with_vacancies = [entry for entry in entries if entry["vacancies"]]
    only_benefits = [entry for entry in entries if not entry["vacancies"]]
    assert only_benefits
    assert entries == [*with_vacancies, *only_benefits]
    numbers = [len(entry["benefits"]) for entry in only_benefits]
    assert numbers == sorted(numbers, reverse=True)


def test_a_list_names_a_few_facts_that_only_benefits_ask_for_and_unlock_all(desk: Desk) -> None:
    candidate_id = desk.active()[0]
    document = desk.document(candidate_id, k=1)
    whole = desk.unlock(candidate_id)["facts"]
    alone = [entry for entry in document["unlock"] if not entry["vacancies"]]
    assert alone == [entry for entry in whole if not entry["vacancies"]][:BENEFITS_ONLY_SHOWN]
    assert len(alone) < len([entry for entry in whole if not entry["vacancies"]])
    assert [entry for entry in document["unlock"] if entry["vacancies"]] == [e for e in whole if e["vacancies"]]


def test_the_printed_list_says_what_to_ask_first_with_vacancies_and_benefits(desk: Desk) -> None:
    document: dict[str, Any] = desk.document("demo-c-00001", k=1)
    entry = {**document["unlock"][0], "vacancies": 4, "benefits": [{"rule_id": "a", "title": "甲", "decides": True}]}
    lines = document_lines({**document, "unlock": [entry]})
    assert any(f"{entry['label']}（涉及4个岗位、1项待遇）" in line for line in lines)


@pytest.mark.parametrize("kinds", [False, True])
def test_stored_facts_open_or_close_what_waits_for_them(desk: Desk, kinds: bool) -> None:
    """A person whose certificate is known is not asked for it; one without is, and is told what hangs on it."""
    person = desk.casebook.candidates[CandidateId(desk.active()[0])]
    until = date(2030, 1, 1) if kinds else None
    changed = replace(person, certificate_number=None, category=None, grade=None, certificate_valid_until=until)
    waits = benefit_waits(BOOK, candidate_facts(changed, TODAY), TODAY)
    assert ("certificate_valid_until" in waits) is not kinds
