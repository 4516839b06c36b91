"""What the hints F5, F7, F9 and F12 read off placements: both sides of each limit, and silence where nobody stated."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.entities import EmployerId, Placement, Vacancy, VacancyId
from matching.reach import Spot, apart
from matching.regions import distance_km
from matching.rules.rulebook import rulebook
from matching.vocabulary import BaseLimit, YesNo
from pipelines.case import Case
from pipelines.hints import review_of
from tests.pipelines.test_casework import FIRM, OTHER_FIRM, TODAY, a_case, a_firm, a_job, a_person

YES, NO = YesNo.YES, YesNo.NO
HERE, OTHER = EmployerId(FIRM), EmployerId(OTHER_FIRM)
ASKED = frozenset({"fraud.f5", "fraud.f7", "fraud.f12"})
STATED: dict[str, Any] = {
    "insurance_base": Decimal(3000), "insurance_base_limit": BaseLimit.BETWEEN, "insured_by": HERE,
    "remote_agreement": NO, "is_dispatch": NO, "counted": YES,
}  # fmt: skip


def raised(case: Case, employer_id: str = FIRM) -> set[str]:
    return {hint.decision.rule.id for hint in review_of(case, rulebook(), employer_id, 2025, TODAY).hints} & ASKED


def a_stated_job(**different: Any) -> Placement:
    return a_job(**{**STATED, **different})


@pytest.mark.parametrize(
    ("facts", "flagged"),
    [
        ({}, False),
        ({"insurance_base": Decimal(2700)}, False),
        ({"insurance_base": Decimal("2699.99")}, True),
        ({"insurance_base": Decimal(3300)}, False),
        ({"insurance_base": Decimal("3300.01")}, True),
        ({"insurance_base": Decimal(4300), "insurance_base_limit": BaseLimit.FLOOR}, False),
        ({"insurance_base": Decimal(2000), "insurance_base_limit": BaseLimit.CEILING}, False),
        ({"insurance_base": Decimal(2000), "insurance_base_limit": BaseLimit.FLOOR}, True),
        ({"insurance_base": Decimal(2000), "insurance_base_limit": None}, False),
        ({"insured_by": OTHER}, True),
        ({"insured_by": OTHER, "is_dispatch": None}, False),
        ({"insured_by": OTHER, "is_dispatch": YES, "dispatch_agency": OTHER}, False),
    ],
)
def test_base_and_payer_are_a_hint_on_one_side_of_the_limit_only(facts: dict[str, Any], flagged: bool) -> None:
    assert ("fraud.f5" in raised(a_case(a_stated_job(**facts)))) is flagged


def at(longitude: float, latitude: float) -> dict[str, float]:
    return {"longitude": longitude, "latitude": latitude}


@pytest.mark.parametrize(
    ("home", "work", "remote", "flagged"),
    [
        (at(103.8, 36.0), at(103.8, 36.89), NO, False),  # 99 km
        (at(103.8, 36.0), at(103.8, 36.91), NO, True),  # 101 km
        (at(103.8, 36.0), at(103.8, 40.0), YES, False),
        (at(103.8, 36.0), at(103.8, 40.0), None, False),
        ({"region": "620982"}, {"region": "620102"}, NO, True),  # 敦煌, 兰州
        ({"region": "620102"}, {"region": "620102"}, NO, False),
        ({"region": "620102"}, {"region": "620403"}, NO, False),  # some 75 to 155 km: nobody can say
        ({}, {"region": "620102"}, NO, False),
        ({"region": "620000"}, {"region": "620102"}, NO, False),
    ],
)
def test_distance_is_a_hint_only_where_it_is_surely_beyond_the_limit(
    home: dict[str, Any], work: dict[str, Any], remote: YesNo | None, flagged: bool
) -> None:
    post = Vacancy(vacancy_id=VacancyId("v"), title="文员", **work)
    job = a_stated_job(remote_agreement=remote, vacancy_id=post.vacancy_id)
    case = a_case(job, people=(a_person(**home),), vacancies={post.vacancy_id: post})
    assert ("fraud.f7" in raised(case)) is flagged


def test_what_is_missing_of_a_distance_is_asked_of_who_can_say_it() -> None:
    def asked(job: Placement, home: str | None, unit: str | None) -> dict[str, str]:
        case = a_case(job, people=(a_person(region=home),), firms=(a_firm(region=unit),))
        found = review_of(case, rulebook(), FIRM, 2025, TODAY).asks
        return {ask.label: ask.who_can_supply for ask in found if "fraud.f7" in ask.rule_ids}

    job = a_stated_job()
    assert asked(job, None, "620102") == {"居住地区或居住地经纬度": "本人"}
    assert asked(job, "620102", None) == {"岗位的工作地区或经纬度": "用人单位"}
    assert asked(job, "620102", "620403") == {"居住地和工作地点的经纬度": "残联就业服务机构"}
    assert asked(job, "620102", "620102") == {}
    assert asked(a_stated_job(remote_agreement=None), "620982", "620102") == {
        "是否有居家或远程办公约定": "用人单位或本人"
    }


def sent(**different: Any) -> tuple[Placement, Placement]:
    """The same person's records with the agency, which names the host, and with the host, which names nobody."""
    agency = {"is_dispatch": YES, "dispatch_host": OTHER, "counted": YES, **different}
    return a_job("p-1", **agency), a_job("p-2", firm=OTHER_FIRM, counted=different.get("host_counts", YES))


def test_both_parties_that_count_the_same_person_have_the_hint() -> None:
    case = a_case(*sent())
    assert raised(case) == raised(case, OTHER_FIRM) == {"fraud.f12"}


@pytest.mark.parametrize("counted", [NO, None])
def test_one_party_that_does_not_count_or_has_not_said_is_no_hint(counted: YesNo | None) -> None:
    case = a_case(*sent(counted=counted))
    assert raised(case) == raised(case, OTHER_FIRM) == set()
    asks = {ask.name: ask.who_can_supply for ask in review_of(case, rulebook(), FIRM, 2025, TODAY).asks}
    assert ("agency_declares" in asks) is (counted is None)


def test_contract_of_a_dispatch_recorded_by_both_parties_is_one_contract() -> None:
    agency, host = sent()
    review = review_of(a_case(agency, host), rulebook(), FIRM, 2025, TODAY)
    assert "fraud.f1" in {hint.decision.rule.id for hint in review.hints}  # nobody told that the host's is no contract
    told = a_job("p-2", firm=OTHER_FIRM, is_dispatch=YES, dispatch_agency=HERE)
    review = review_of(a_case(agency, told), rulebook(), FIRM, 2025, TODAY)
    assert "fraud.f1" not in {hint.decision.rule.id for hint in review.hints}


def test_records_of_other_times_say_nothing_of_this_one() -> None:
    agency, _ = sent()
    before = a_job("p-2", firm=OTHER_FIRM, counted=YES, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    assert raised(a_case(agency, before)) == set()


_MAYBE = st.sampled_from([YES, NO, None])
_UNITS = st.sampled_from([HERE, OTHER, EmployerId("916201020000000030"), None])
_FACTS = st.fixed_dictionaries(
    {
        "insurance_base": st.sampled_from([None, Decimal(1000), Decimal(3000), Decimal(9000)]),
        "insurance_base_limit": st.sampled_from([None, *BaseLimit]),
        "insured_by": _UNITS,
        "remote_agreement": _MAYBE,
        "is_dispatch": _MAYBE,
        "dispatch_agency": _UNITS,
        "dispatch_host": _UNITS,
        "counted": _MAYBE,
        "monthly_wage": st.sampled_from([None, Decimal(3000)]),
        "contract_months": st.sampled_from([None, 24]),
    }
)


@given(_FACTS, _FACTS, st.sampled_from([None, "620102", "620982"]), st.data())
@settings(max_examples=80, deadline=None)
def test_a_fact_that_is_taken_away_raises_no_flag(
    facts: dict[str, Any], beside: dict[str, Any], home: str | None, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(facts)))
    people = (a_person(region=home),)
    other = a_job("p-2", firm=OTHER_FIRM, **beside)
    whole = raised(a_case(a_job("p-1", **facts), other, people=people))
    less = raised(a_case(a_job("p-1", **{**facts, gone: None}), other, people=people))
    if facts["is_dispatch"] is not NO or gone != "is_dispatch":  # a stated no may stand against what others state
        assert less <= whole


_DEGREES = st.tuples(st.floats(93, 108), st.floats(33, 42))


@given(_DEGREES, _DEGREES, st.floats(0, 0.2), st.floats(0, 0.2))
def test_true_distance_lies_between_the_least_and_the_most(
    one: tuple[float, float], other: tuple[float, float], off: float, also_off: float
) -> None:
    home, work = (one[0], one[1] + off), (other[0], other[1] - also_off)
    least, most = apart(Spot(*one, distance_km(one, home) + 1e-6), Spot(*other, distance_km(other, work) + 1e-6))
    assert 0 <= least <= distance_km(home, work) <= most


# ---- a shared telephone --------------------------------------------------------------------------------------------


def shared(*days: dict[str, Any]) -> Case:
    """People with one telephone, each with a placement of these days in 2025."""
    people = tuple(a_person(f"c-{n}", phone="000-1") for n in range(1, len(days) + 1))
    return a_case(*(a_job(f"p-{n}", f"c-{n}", **one) for n, one in enumerate(days, 1)), people=people)


def f9(case: Case, firm: str = FIRM) -> tuple[set[str], set[str]]:
    """Return what the hints say of the telephone, and which placements are asked for their first day."""
    found = review_of(case, rulebook(), firm, 2025, TODAY)
    said = {line for one in found.hints if one.decision.rule.id == "fraud.f9" for line in one.seen}
    asks = [one for one in found.asks if one.name == "starts_on"]
    assert all((one.who_can_supply, one.rule_ids) == ("用人单位", ("fraud.f9",)) for one in asks)
    return said, {placement.placement_id for one in asks for placement in one.placements}


SURE: dict[str, Any] = {"starts_on": date(2025, 12, 31)}
UNDATED: dict[str, Any] = {"starts_on": None}


@pytest.mark.parametrize(
    ("third", "counts"),
    [
        (SURE, True),
        ({"starts_on": date(2026, 1, 1)}, False),
        ({"starts_on": date(2020, 1, 1), "ends_on": date(2025, 1, 1)}, True),
        ({"starts_on": date(2020, 1, 1), "ends_on": date(2024, 12, 31)}, False),
        ({"starts_on": None, "ends_on": date(2025, 1, 1)}, True),
        ({"starts_on": None, "ends_on": date(2025, 12, 31)}, True),
        ({"starts_on": None, "ends_on": date(2024, 12, 31)}, False),
    ],
)
def test_third_with_the_telephone_counts_where_surely_placed_in_the_year(third: dict[str, Any], counts: bool) -> None:
    said, asked = f9(shared(SURE, SURE, third))
    assert said == ({"共用一个电话的残疾职工3人，在1个单位"} if counts else set())
    assert asked == set()


@pytest.mark.parametrize("third", [UNDATED, {"starts_on": None, "ends_on": date(2026, 1, 1)}])
def test_third_without_a_first_day_is_neither_counted_nor_left_out_but_asked_for(third: dict[str, Any]) -> None:
    assert f9(shared(SURE, SURE, third)) == (set(), {"p-3"})


def test_where_the_day_would_change_nothing_it_is_not_asked_for() -> None:
    assert f9(shared(SURE, UNDATED)) == (set(), set())
    said, asked = f9(shared(SURE, SURE, SURE, UNDATED))
    open_ = "另有1人的就业记录没有写开始日期，不知2025年是否在职，可问用人单位"
    assert (said, asked) == ({f"共用一个电话的残疾职工3人，在1个单位；{open_}"}, set())


def test_day_lacking_at_another_employer_is_asked_for_there_and_dated_work_settles_it() -> None:
    people = tuple(a_person(f"c-{n}", phone="000-1" if n < 3 else None) for n in (1, 2, 3))
    alike = {"c-1": frozenset({"c-3"}), "c-2": frozenset({"c-3"})}
    jobs = (a_job("p-1", "c-1"), a_job("p-2", "c-2"), a_job("p-3", "c-3", OTHER_FIRM, starts_on=None))
    assert f9(a_case(*jobs, people=people, same_phone=alike)) == (set(), {"p-3"})
    more = (*jobs, a_job("p-4", "c-3", OTHER_FIRM, starts_on=date(2025, 3, 1), ends_on=date(2025, 4, 1)))
    assert f9(a_case(*more, people=people, same_phone=alike)) == ({"共用一个电话的残疾职工3人，在2个单位"}, set())
