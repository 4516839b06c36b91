"""5 | I: employer infers the diagnosis from match reasons, rank, accommodation or subsidy amount.

Property test: two persons equal in functional terms, different category/level → byte-equal employer view; amounts that
reveal level 1–2 hidden until consent.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.pages.sheets import KINDS, Asked
from api.pages.words import words
from matching.rules.rulebook import rulebook
from matching.vocabulary import DisabilityCategory, Function, HouseholdKind
from pipelines.access.roles import Role
from pipelines.consent.released import released
from pipelines.registers.cases import employer_benefits, quota_document
from tests.support.builders import certificate_number
from tests.support.firms import FIRM, somebody, two_firms
from tests.support.people import a_person, a_vacancy, acted
from tests.support.stores import a_store
from tests.threats.doors import add_case

DAY = date(2026, 11, 24)
ABLE = {**dict.fromkeys(Function, 0), Function.WALKING: 3}
SECRETS = ("category", "grade", "肢体", "视力", "听力", "言语", "智力", "精神", "多重", "一级", "二级", "重度", "低保")


def _seen_by_the_company(folder: Path, **differing: Any) -> str:
    """Return what a company gets of one person referred to it, as it goes over the wire."""
    with a_store("sqlite", folder) as engine:
        with engine.begin() as connection:
            two_firms(connection)
            a_person(connection, "c-1", functions=ABLE, **differing)
            a_vacancy(connection, "v-1", FIRM)
            acted(connection, "c-1", "v-1")
            poster = somebody(connection, "poster", Role.COMPANY_POSTER, FIRM)
        with engine.begin() as connection:
            return json.dumps(released(connection, poster, "v-1", on=DAY), ensure_ascii=False, default=str)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    category=st.sampled_from(DisabilityCategory),
    grade=st.integers(1, 4),
    kinds=st.sets(st.sampled_from(HouseholdKind)),
    certificate=st.booleans(),
)
def test_two_people_alike_in_function_look_alike_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory,
    category: DisabilityCategory,
    grade: int,
    kinds: set[HouseholdKind],
    certificate: bool,
) -> None:
    folder = tmp_path_factory.mktemp("views")
    number = certificate_number(int("1234567"[list(DisabilityCategory).index(category)]), grade)
    facts = {"category": category, "grade": grade, "household_kinds": tuple(sorted(kinds))}
    other = _seen_by_the_company(folder, **facts, **({"certificate_number": number} if certificate else {}))
    usual = _seen_by_the_company(folder, category=DisabilityCategory.PHYSICAL, grade=4)
    assert other == usual
    assert not [word for word in SECRETS if word in other]


def _handed_to_the_company(folder: Path, **differing: Any) -> str:
    """Return the sheet that an employer is handed of one person, as it is printed."""
    with a_store("sqlite", folder) as engine:
        with engine.begin() as connection:
            two_firms(connection)
            a_person(connection, "c-1", functions=ABLE, **differing)
            a_vacancy(connection, "v-1", FIRM)
            worker = somebody(connection, "worker", Role.CASEWORKER)
        with engine.begin() as connection:
            asked = Asked(connection, worker, "c-1", None, ("v-1",))
            return repr(KINDS["employer"](asked))


@pytest.mark.parametrize("category", DisabilityCategory)
def test_sheet_for_an_employer_is_the_same_for_two_people_alike_in_function(
    tmp_path: Path, category: DisabilityCategory
) -> None:
    other = _handed_to_the_company(tmp_path, category=category, grade=1, household_kinds=(HouseholdKind.DIBAO,))
    usual = _handed_to_the_company(tmp_path, category=DisabilityCategory.PHYSICAL, grade=4)
    assert other == usual
    assert "能够胜任" in usual
    notice = words()("sheet.employer_notice")
    assert not [word for word in SECRETS if word in other.replace(notice, "")]


def _told_in_amounts(folder: Path, grade: int) -> str:
    """Return what a company is told of its quota and benefits while one person with this grade works there."""
    with a_store("sqlite", folder) as engine:
        with engine.begin() as connection:
            two_firms(connection)
            a_vacancy(connection, "v-1", FIRM)
            poster = somebody(connection, "poster", Role.COMPANY_POSTER, FIRM)
        add_case(engine, "c-1", "620102", "v-1", certificate_number=certificate_number(4, grade))
        with engine.begin() as connection:
            answers = (
                quota_document(connection, poster, rulebook(), FIRM, 2026, DAY),
                employer_benefits(connection, poster, rulebook(), FIRM, DAY),
            )
            return json.dumps(answers, ensure_ascii=False, sort_keys=True, default=str)


def test_no_amount_told_to_a_company_reveals_who_is_severely_disabled(tmp_path: Path) -> None:
    told = {_told_in_amounts(tmp_path, grade) for grade in (1, 2, 3, 4)}
    assert len(told) == 1
    assert "c-1" not in told.pop()
