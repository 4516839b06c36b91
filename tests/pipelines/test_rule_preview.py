"""What a changed rule book would change, found before it is published: whom, from what to what, and by how much."""

import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from matching.rules.evaluation import known_facts
from matching.rules.rulebook import HOME, load_rulebook, rulebook
from matching.rules.values import Value
from pipelines.rule_preview import preview

BOOK = rulebook()
TODAY = date(2026, 7, 1)
NURSING = Path("parameters/benefit.nursing_tier/tier_A_floor.yaml")
RATIO = Path("parameters/quota.ratio/required.yaml")
LIMIT = Path("parameters/levy.small_enterprise_exempt/max_headcount_any_age.yaml")

PEOPLE: Mapping[str, Mapping[str, Value]] = {
    name: known_facts(BOOK, {"holds_certificate": True, "certificate_category": 1, "region": "620502"} | facts)
    for name, facts in {
        "c-severe": {"certificate_grade": 1},
        "c-mild": {"certificate_grade": 4},
        "c-open": {},
    }.items()
}
FIRMS: Mapping[str, Mapping[str, Value]] = {
    name: known_facts(BOOK, {"employer_kind": "民营企业", "levy_date": TODAY} | facts)
    for name, facts in {"small": {"headcount": 20}, "middling": {"headcount": 30}, "large": {"headcount": 31}}.items()
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules, to be changed."""
    for part in ("facts", "parameters", "rulebook"):
        shutil.copytree(HOME / part, tmp_path / "rules" / part)
    return tmp_path / "rules"


def replace(path: Path, old: str, new: str) -> None:
    """Change a file; the text has to be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_same_rules_change_nothing(folder: Path) -> None:
    found = preview(BOOK, load_rulebook(folder), PEOPLE, FIRMS, TODAY)
    assert (found.changes, found.added, found.removed) == ((), (), ())
    assert found.before == found.after


def test_a_changed_amount_is_found_with_its_difference(folder: Path) -> None:
    people = {
        name: {**facts, "policy_year": known_facts(BOOK, {"policy_year": 2020})["policy_year"]}
        for name, facts in PEOPLE.items()
    }
    replace(folder / NURSING, 'value: "100"', 'value: "130"')
    found = preview(BOOK, load_rulebook(folder), people, FIRMS, TODAY)
    change = next(one for one in found.changes if one.rule_id == "benefit.nursing_tier")
    assert (change.moves, change.amounts_changed, change.difference) == ({}, 1, Decimal(30))
    assert change.subjects == ["c-severe"]
    assert found.before != found.after
    assert change.as_dict()["amount_difference"] == {"amount": "30", "currency": "CNY"}


def test_a_changed_threshold_is_found_with_who_moves_where(folder: Path) -> None:
    replace(folder / LIMIT, "value: 30", "value: 25")
    found = preview(BOOK, load_rulebook(folder), PEOPLE, FIRMS, TODAY)
    change = next(one for one in found.changes if one.rule_id == "levy.small_enterprise_exempt")
    assert change.moves == {("met", "not_met"): 1}
    assert change.subjects == ["middling"]
    assert change.concerned == 1


def test_a_changed_ratio_is_found_where_only_the_number_required_changes(folder: Path) -> None:
    firms = {name: {**facts, **known_facts(BOOK, {"employer_region": "620102"})} for name, facts in FIRMS.items()}
    replace(folder / RATIO, '"0.015"', '"0.02"')
    found = preview(BOOK, load_rulebook(folder), PEOPLE, firms, TODAY)
    change = next(one for one in found.changes if one.rule_id == "quota.required")
    assert change.results_changed == 3
    assert (change.moves, change.amounts_changed) == ({}, 0)
    assert sorted(change.subjects) == ["large", "middling", "small"]


def test_a_new_rule_and_one_that_is_gone_are_named(folder: Path) -> None:
    (folder / "rulebook/employer/cit_taxpayer.yaml").rename(folder / "rulebook/employer/other.yaml")
    replace(folder / "rulebook/employer/other.yaml", "id: cit.taxpayer", "id: cit.other")
    replace(folder / "rulebook/employer/cit_wage_super_deduction.yaml", "cit.taxpayer", "cit.other")
    found = preview(BOOK, load_rulebook(folder), PEOPLE, FIRMS, TODAY)
    assert (found.added, found.removed) == (("cit.other",), ("cit.taxpayer",))


def test_placements_are_held_against_each_other_too(folder: Path) -> None:
    facts = known_facts(
        BOOK,
        {
            "contract_party": "甲",
            "insurance_payer": "甲",
            "insurance_base": 2750,
            "wage_reported": 3000,
            "insurance_base_at_floor": False,
            "insurance_base_at_ceiling": False,
            "is_dispatch": False,
        },
    )
    replace(folder / "parameters/fraud.red_flags/f5_base_tolerance.yaml", "0.1", "0.05")
    found = preview(BOOK, load_rulebook(folder), {}, {}, TODAY, {"p-1": facts})
    assert {one.rule_id: one.moves for one in found.changes}["fraud.f5"] == {("not_met", "met"): 1}
