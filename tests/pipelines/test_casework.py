"""An employer's quota and levy, what may be claimed, and the review hints, as a caseworker is told them."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.entities import (
    Candidate,
    CandidateId,
    Employer,
    EmployerId,
    Placement,
    Service,
    Vacancy,
    VacancyId,
)
from matching.rules.benefits import asked_line, benefit, package
from matching.rules.decision import ConditionTrace, Outcome
from matching.rules.evaluation import decide, known_facts
from matching.rules.rulebook import rulebook
from matching.rules.what_if import smallest_change
from matching.vocabulary import EmployerKind, Level, PlacementForm, ServiceKind, YesNo
from pipelines.case import Case
from pipelines.casework import all_facts, benefits_of_candidate, benefits_of_employer, benefits_of_placement
from pipelines.counted import certificate_valid_at_audit
from pipelines.errors import PipelineError
from pipelines.hints import hint_lines, hints_of
from pipelines.quota import quota
from tests.support.builders import certificate_number

BOOK = rulebook()
TODAY = date(2026, 7, 1)
FIRM, OTHER_FIRM = "91620102000000001X", "91620102000000002X"
SOCIAL = Fraction(90000)


def a_person(name: str = "c-1", grade: int = 3, **more: Any) -> Candidate:
    number = certificate_number(grade=grade, sequence=f"{int(name[2:]):03}")
    base: dict[str, Any] = {"certificate_number": number, "certificate_valid_until": date(2030, 1, 1)}
    return Candidate(candidate_id=CandidateId(name), **(base | {"grade": grade} | more))


def a_firm(employer_id: str = FIRM, **more: Any) -> Employer:
    base: dict[str, Any] = {
        "name": "甲公司",
        "kind": EmployerKind.PRIVATE,
        "region": "620102",
        "headcount": Decimal(100),
        "average_wage": Decimal(60000),
    }
    return Employer(employer_id=EmployerId(employer_id), **(base | more))


def a_job(name: str = "p-1", person: str = "c-1", firm: str | None = FIRM, **more: Any) -> Placement:
    base: dict[str, Any] = {
        "starts_on": date(2025, 1, 1),
        "monthly_wage": Decimal(3000),
        "contract_months": 24,
        "social_insurance": YesNo.YES,
        "wage_paid_by_bank": YesNo.YES,
        "attendance_confirmed": YesNo.YES,
    }
    employer = None if firm is None else EmployerId(firm)
    return Placement(placement_id=name, candidate_id=CandidateId(person), employer_id=employer, **(base | more))


def a_case(*jobs: Placement, people: tuple[Candidate, ...] = (), firms: tuple[Employer, ...] = (), **more: Any) -> Case:
    held = people or tuple(a_person(name) for name in dict.fromkeys(str(job.candidate_id) for job in jobs))
    employers = firms or (a_firm(), a_firm(OTHER_FIRM, name="乙公司"))
    return Case({one.candidate_id: one for one in held}, {one.employer_id: one for one in employers}, jobs, **more)


def test_a_whole_year_with_everything_on_record_counts_twelve_months() -> None:
    found = quota(a_case(a_job()), BOOK, FIRM, 2025, TODAY)
    assert found.certain_count == found.possible_count == 1
    assert [found.persons[0].count(outcome) for outcome in Outcome] == [12, 0, 0]


def test_a_severe_grade_counts_twice() -> None:
    found = quota(a_case(a_job(), people=(a_person(grade=2),)), BOOK, FIRM, 2025, TODAY)
    assert found.certain_count == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"monthly_wage": Decimal(1500)}, "当月应发工资不低于当月当地最低工资"),
        ({"social_insurance": YesNo.NO}, "单位足额缴纳社会保险"),
        ({"attendance_confirmed": YesNo.NO}, "实际在岗"),
        ({"contract_months": 6}, "在编，或劳动合同（服务协议）不少于一年"),
    ],
)
def test_months_that_do_not_count_say_why(change: dict[str, Any], words: str) -> None:
    found = quota(a_case(a_job(**change)), BOOK, FIRM, 2025, TODAY)
    assert found.possible_count == 0
    assert found.persons[0].as_dict()["reasons"] == [words]
    assert any(words in line and "不计" in line for line in found.lines())


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"monthly_wage": None}, "当月应发工资"),
        ({"social_insurance": None}, "社会保险"),
        ({"attendance_confirmed": None}, "实际在岗"),
        ({"contract_months": None}, "劳动合同"),
    ],
)
def test_a_fact_that_nobody_supplied_leaves_the_months_open(change: dict[str, Any], asked: str) -> None:
    found = quota(a_case(a_job(**change)), BOOK, FIRM, 2025, TODAY)
    assert [found.certain_count, found.possible_count] == [Fraction(0), Fraction(1)]
    assert any(asked in str(item["label"]) for item in found.persons[0].as_dict()["missing"])  # type: ignore[attr-defined]  # a list of objects
    assert any("待核实的月份全部认定后" in line for line in found.lines())


def test_only_the_months_of_the_placement_are_asked_about() -> None:
    job = a_job(starts_on=date(2024, 5, 10), ends_on=date(2025, 3, 2))
    assert len(quota(a_case(job), BOOK, FIRM, 2025, TODAY).persons[0].months) == 3


def test_a_person_at_two_employers_is_left_to_a_person_to_decide() -> None:
    jobs = (a_job(), a_job("p-2", firm=OTHER_FIRM, starts_on=date(2025, 7, 1)))
    found = quota(a_case(*jobs), BOOK, FIRM, 2025, TODAY)
    assert [found.persons[0].count(outcome) for outcome in Outcome] == [6, 0, 6]
    assert {item["fact"] for item in found.persons[0].as_dict()["missing"]} == {"counted_elsewhere"}  # type: ignore[attr-defined]  # a list of objects


def test_an_unknown_grade_spans_one_to_two() -> None:
    person = Candidate(
        candidate_id=CandidateId("c-1"),
        birth_date=date(1990, 1, 1),
        sex=a_person().known_sex,
        certificate_valid_until=date(2030, 1, 1),
    )
    found = quota(a_case(a_job(), people=(person,)), BOOK, FIRM, 2025, TODAY)
    assert [found.certain_count, found.possible_count] == [Fraction(1), Fraction(2)]


@pytest.mark.parametrize(
    ("until", "valid"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), None),
        (date(2026, 6, 30), None),
        (date(2026, 7, 1), True),
    ],
)
def test_a_certificate_that_ended_within_the_time_of_handing_in_is_asked_about(until: date, valid: bool | None) -> None:
    assert certificate_valid_at_audit(until, 2025, TODAY) is valid
    found = quota(a_case(a_job(), people=(a_person(certificate_valid_until=until),)), BOOK, FIRM, 2025, TODAY)
    assert found.persons[0].count({True: Outcome.MET, False: Outcome.NOT_MET, None: Outcome.UNKNOWN}[valid]) == 12


def test_the_line_at_one_percent_is_a_jump_for_one_more_person() -> None:
    firm = a_firm(headcount=Decimal(200))
    case = a_case(a_job(), firms=(firm,))
    found = quota(case, BOOK, FIRM, 2025, TODAY, social_wage=SOCIAL)
    assert found.certain.money == Decimal("108000.00")  # (3 - 1) x 60000 x 0.9
    ordinary = {option.from_month: option for option in found.one_more if option.weight == 1}
    assert ordinary[1].payable == 30000
    assert ordinary[1].crosses_line
    assert ordinary[2].payable == Fraction(13, 12) * 60000 * Fraction(9, 10)
    assert not ordinary[2].crosses_line
    assert ordinary[1].saved is not None
    assert ordinary[2].saved is not None
    assert ordinary[1].saved - ordinary[2].saved > 5 * 60000 / 12  # far more than a month's worth
    assert any("跨过1%分档线" in line for line in found.lines())


def test_without_the_social_average_no_sum_is_claimed_but_the_sum_below_the_cap_is_told_as_such() -> None:
    found = quota(a_case(a_job()), BOOK, FIRM, 2025, TODAY)
    assert found.certain.money is None
    assert found.uncapped is not None
    assert found.uncapped.money == Decimal("15000.00")
    text = "\n".join(found.lines())
    assert text.count("当地社会平均工资（年）") == 1
    assert "没有超过封顶数的" in text
    assert "没有用来计算" in text


def test_of_a_year_that_is_not_over_only_the_months_so_far_are_told() -> None:
    found = quota(a_case(a_job()), BOOK, FIRM, 2026, TODAY)
    assert len(found.persons[0].months) == 7
    assert "年度未完" in found.lines()[0]
    text = "\n".join(found.lines())
    assert "10月起" in text  # of one more person
    assert "7月起" not in text  # that month has begun


@pytest.mark.parametrize(
    ("firm", "told", "silent"),
    [
        ({"kind": EmployerKind.PRIVATE}, "应安排：1.5 人", ("机关、事业单位至少", "公示", "集中使用")),
        ({"kind": EmployerKind.INDIVIDUAL_BUSINESS}, "不属于应当按比例安排", ("联网认证", "还差", "再安排一人")),
        ({"headcount": Decimal(30)}, "30人（含）以下的企业免征", ("再安排一人", "机关、事业单位至少")),
        (
            {"kind": EmployerKind.ORGAN, "level": Level.PREFECTURE, "establishment": 60},
            "机关、事业单位至少安排1名残疾人：",
            ("集中使用",),
        ),
        ({"kind": EmployerKind.ORGAN, "level": Level.TOWNSHIP, "establishment": 60}, "应安排", ("至少安排1名", "公示")),
        ({"kind": EmployerKind.CONCENTRATED}, "集中使用残疾人的用人单位：待核实", ("机关、事业单位至少",)),
        ({"headcount": None}, "还缺在职职工人数（问用人单位）", ("None",)),
    ],
)
def test_only_duties_that_concern_the_employer_are_told(
    firm: dict[str, Any], told: str, silent: tuple[str, ...]
) -> None:
    lines = quota(a_case(a_job(), firms=(a_firm(**firm),)), BOOK, FIRM, 2025, TODAY).lines()
    text = "\n".join(lines)
    assert told in text
    assert not [words for words in silent if words in text]
    assert "要求" not in text
    assert "known-" not in text
    assert "说明：" not in text


def test_nobody_recorded_is_not_nobody_employed() -> None:
    firm = a_firm(kind=EmployerKind.ORGAN, level=Level.PREFECTURE, establishment=60)
    found = quota(a_case(firms=(firm,), people=(a_person(),)), BOOK, FIRM, 2025, TODAY)
    duty = next(told for told in found.others if told.rule.id == "quota.public_sector_min_one")
    assert duty.outcome is Outcome.UNKNOWN
    assert "没有登记的就业记录" in "\n".join(found.lines())


def test_an_unknown_employer_is_refused() -> None:
    with pytest.raises(PipelineError, match="没有这个用人单位编号"):
        quota(a_case(), BOOK, "nobody", 2025, TODAY)


# -- what is stored, as facts ---------------------------------------------------------------------------------------


def test_services_of_the_year_are_counted_only_where_a_register_is_kept() -> None:
    done = Service(candidate_id=CandidateId("c-2"), kind=ServiceKind.INFORMATION_CHECK, on=date(2026, 2, 1))
    old = Service(candidate_id=CandidateId("c-1"), kind=ServiceKind.INFORMATION_CHECK, on=date(2025, 2, 1))
    case = a_case(people=(a_person(), a_person("c-2")), services=(done, old))
    facts = all_facts(case, BOOK, TODAY)["person"]
    assert facts["c-1"]["year_done.info_check"] == 0
    assert facts["c-2"]["year_done.info_check"] == 1
    without = all_facts(a_case(people=(a_person(),)), BOOK, TODAY)["person"]["c-1"]
    assert not [name for name in without if name.startswith("year_done")]


def test_every_stored_fact_has_a_name_of_the_dictionary_and_no_certificate_number_is_among_them() -> None:
    case = a_case(a_job(), a_job("p-2", "c-2", None, form=PlacementForm.SELF_EMPLOYED))
    for group in all_facts(case, BOOK, TODAY).values():
        for facts in group.values():
            assert set(facts) <= set(BOOK.facts)
            assert "certificate_number" not in facts


def test_a_person_out_of_work_runs_no_business_and_one_in_business_is_not_out_of_work() -> None:
    people = (
        a_person(unemployed_since=date(2026, 1, 1)),
        a_person("c-2", unemployed_since=date(2026, 1, 1)),
        a_person("c-3"),
    )
    own_shop = a_job("p-2", "c-2", None, form=PlacementForm.SELF_EMPLOYED, starts_on=date(2026, 3, 1))
    facts = all_facts(a_case(own_shop, people=people), BOOK, TODAY)["person"]
    assert (facts["c-1"]["employed"], facts["c-1"]["self_employed"]) == (False, False)
    assert (facts["c-2"]["employed"], facts["c-2"]["self_employed"]) == (True, True)
    assert not {"employed", "self_employed"} & set(facts["c-3"])


# -- benefits -------------------------------------------------------------------------------------------------------


def test_a_benefit_is_refused_for_what_it_requires() -> None:
    facts = known_facts(BOOK, {"self_employed": True, "holds_certificate": False})
    found = benefit(BOOK, "fees.admin_exempt", facts, TODAY)
    assert found.decision.outcome is Outcome.MET
    assert found.outcome is Outcome.NOT_MET
    assert "持有有效残疾人证不符合" in found.lines()[0]


def test_a_benefit_waits_for_what_it_requires() -> None:
    found = benefit(BOOK, "fees.admin_exempt", known_facts(BOOK, {"self_employed": True}), TODAY)
    assert found.outcome is Outcome.UNKNOWN
    assert any("还缺：" in line and "残疾人证" in line for line in found.lines())


def test_a_placement_tells_who_gets_it_from_which_fund() -> None:
    found = benefits_of_placement(a_case(a_job()), BOOK, "p-1", TODAY)
    subsidy = next(one for one in found.benefits if one.rule_id == "subsidy.employer_social_insurance")
    assert any("由用人单位享受，就业补助资金" in line for line in subsidy.lines())
    assert {one.decision.rule.subject for one in found.benefits} == {"person", "employer", "placement"}


def test_being_placed_here_does_not_count_as_work_before_the_placement() -> None:
    found = benefits_of_placement(a_case(a_job()), BOOK, "p-1", TODAY)
    internship = next(one for one in found.benefits if one.rule_id == "subsidy.internship")
    assert internship.outcome is Outcome.UNKNOWN


def test_unknown_ids_are_refused() -> None:
    for ask in (benefits_of_candidate, benefits_of_employer, benefits_of_placement):
        with pytest.raises(PipelineError):
            ask(a_case(a_job()), BOOK, "nobody", TODAY)


def test_a_list_with_open_fields_is_named_once() -> None:
    found = benefits_of_employer(a_case(a_job()), BOOK, FIRM, TODAY)
    wages = next(one for one in found.benefits if one.rule_id == "cit.wage_super_deduction")
    line = asked_line(wages.lacking)
    assert line.count("逐人的合同期限") <= 1
    assert "disabled_staff" not in line


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_best_combination_is_the_best_of_all_subsets(data: st.DataObject) -> None:
    """Facts are drawn so that many benefits are met; every subset without a conflict is tried by hand."""
    facts = known_facts(
        BOOK,
        {
            "holds_certificate": True,
            "certificate_category": 4,
            "certificate_grade": data.draw(st.sampled_from([1, 2, 3])),
            "region": data.draw(st.sampled_from(["620102", "620924", "620521"])),
            "household_kinds": data.draw(st.sampled_from([[], ["dibao"], ["dibao", "poverty_exited"]])),
            "recognised_hard_to_employ": True,
            "flexible_work": data.draw(st.booleans()),
            "flex_months_used": 0,
            "flex_contributions_paid": data.draw(st.integers(0, 9000)),
            "birth_date": date(1990, 1, 1),
            "sex": "male",
            "has_labour_contract": True,
            "insured_by_employer": True,
            "employer_pension_month": data.draw(st.integers(0, 900)),
            "employer_medical_month": 200,
            "employer_unemployment_month": 20,
            "subsidy_months_used": 0,
            "months_to_retirement": 200,
            "on_public_post": data.draw(st.booleans()),
            "public_post_placements": 0,
            "employer_region": "620102",
        },
    )
    found = package(BOOK, ("person", "placement"), facts, TODAY)
    met = {one.rule_id: one.yearly or Decimal(0) for one in found.benefits if one.outcome is Outcome.MET}
    conflicts = [(first, second) for first in met for second in BOOK.rule(first).rule.excludes if second in met]
    best = max(
        sum((met[one] for one in chosen), Decimal(0))
        for size in range(len(met) + 1)
        for chosen in combinations(sorted(met), size)
        if not any(first in chosen and second in chosen for first, second in conflicts)
    )
    assert found.best.known_sum == best
    for option in (found.best, *(other for other, _ in found.alternatives)):
        assert not any(first in option.benefits and second in option.benefits for first, second in conflicts)
    assert all(difference >= 0 for _, difference in found.alternatives)


PERSON_RULES = ("person.hard_to_employ", "person.graduate_unemployed", "fees.admin_exempt", "id.cert_valid")


def _with(tree: ConditionTrace, changed: frozenset[str], wanted: dict[str, Outcome]) -> Outcome:
    """Answer a tree again with the conditions of a change turned round."""
    if not tree.children:
        return wanted[tree.text] if tree.text in changed else tree.outcome
    inner = [_with(child, changed, wanted) for child in tree.children]
    if tree.form == "not":
        return {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET}.get(inner[0], Outcome.UNKNOWN)
    decisive, other = (Outcome.NOT_MET, Outcome.MET) if tree.form == "all" else (Outcome.MET, Outcome.NOT_MET)
    return decisive if decisive in inner else Outcome.UNKNOWN if Outcome.UNKNOWN in inner else other


def _leaf(name: int) -> st.SearchStrategy[ConditionTrace]:
    return st.sampled_from(Outcome).map(lambda outcome: _node(f"条件{name}", outcome, (), ""))


def _node(text: str, outcome: Outcome, children: tuple[ConditionTrace, ...], form: str) -> ConditionTrace:
    return ConditionTrace(text, outcome, "", "", "", "", "", None, frozenset(), children, form)


@st.composite
def _trees(draw: st.DrawFn) -> ConditionTrace:
    leaves = [draw(_leaf(number)) for number in range(draw(st.integers(2, 6)))]
    nodes = list(leaves)
    while len(nodes) > 1:
        size = draw(st.integers(2, min(3, len(nodes))))
        group, nodes = tuple(nodes[:size]), nodes[size:]
        form = draw(st.sampled_from(["all", "any"]))
        made = _node("", Outcome.MET, group, form)
        made = _node("", _with(made, frozenset(), {}), group, form)
        if draw(st.booleans()):
            turned = _node("", Outcome.MET, (made,), "not")
            made = _node("", _with(turned, frozenset(), {}), (made,), "not")
        nodes.append(made)
    return nodes[0]


@settings(max_examples=200, deadline=None)
@given(_trees())
def test_the_smallest_change_turns_the_answer_into_yes_and_nothing_smaller_does(tree: ConditionTrace) -> None:
    base = decide(BOOK, "id.cert_valid", known_facts(BOOK, {"holds_certificate": True}), TODAY)
    told = type(base)(**{field: getattr(base, field) for field in base.__dataclass_fields__} | _outcome(tree))
    changes = smallest_change(told)
    assert changes is not None
    leaves = [leaf.text for leaf in tree.leaves()]

    def reaches(names: frozenset[str]) -> bool:
        settings_of = [dict(zip(sorted(names), ways, strict=True)) for ways in _ways(len(names))]
        return any(_with(tree, names, wanted) is Outcome.MET for wanted in settings_of)

    assert reaches(frozenset(change.text for change in changes))
    assert not any(reaches(frozenset(names)) for size in range(len(changes)) for names in combinations(leaves, size))


def _ways(size: int) -> list[tuple[Outcome, ...]]:
    ways: list[tuple[Outcome, ...]] = [()]
    for _ in range(size):
        ways = [(*way, outcome) for way in ways for outcome in (Outcome.MET, Outcome.NOT_MET)]
    return ways


def _outcome(tree: ConditionTrace) -> dict[str, Any]:
    return {"tree": tree, "outcome": tree.outcome}


# -- review hints ---------------------------------------------------------------------------------------------------


def _raised(case: Case) -> set[str]:
    return {hint.decision.rule.id for hint in hints_of(case, BOOK, FIRM, 2025, TODAY)}


def test_a_placement_in_order_gives_no_hint() -> None:
    assert _raised(a_case(a_job())) == set()
    assert hint_lines(()) == []


@pytest.mark.parametrize(
    ("jobs", "rule_id"),
    [
        ((a_job(), a_job("p-2", firm=OTHER_FIRM)), "fraud.f1"),
        ((a_job(monthly_wage=Decimal(1500)),), "fraud.f3"),
        ((a_job(wage_paid_by_bank=YesNo.NO),), "fraud.f4"),
        ((a_job(attendance_confirmed=YesNo.NO),), "fraud.f6"),
        (
            (
                a_job(starts_on=date(2025, 1, 1)),
                a_job("p-2", "c-2", starts_on=date(2025, 10, 1), ends_on=date(2025, 12, 31)),
            ),
            "fraud.f10",
        ),
    ],
)
def test_each_sign_that_the_tables_hold_gives_its_hint(jobs: tuple[Placement, ...], rule_id: str) -> None:
    firms = (a_firm(headcount=Decimal(80)), a_firm(OTHER_FIRM))
    assert rule_id in _raised(a_case(*jobs, firms=firms))


def test_changing_the_employer_within_a_month_is_no_doubling() -> None:
    jobs = (a_job(ends_on=date(2025, 6, 10)), a_job("p-2", firm=OTHER_FIRM, starts_on=date(2025, 6, 11)))
    assert "fraud.f1" not in _raised(a_case(*jobs))
    overlapping = (a_job(ends_on=date(2025, 6, 11)), a_job("p-2", firm=OTHER_FIRM, starts_on=date(2025, 6, 11)))
    assert "fraud.f1" in _raised(a_case(*overlapping))


def test_a_number_that_differs_from_the_register_is_a_hint() -> None:
    assert "fraud.f2" in _raised(a_case(a_job(), people=(a_person(grade=3, certificate_number=certificate_number()),)))


def test_three_people_with_one_telephone_are_a_hint_and_two_are_not() -> None:
    people = tuple(a_person(f"c-{number}", phone="000-1") for number in (1, 2, 3))
    jobs = tuple(a_job(f"p-{number}", f"c-{number}") for number in (1, 2, 3))
    assert "fraud.f9" in _raised(a_case(*jobs, people=people))
    assert "fraud.f9" not in _raised(a_case(*jobs[:2], people=people))


def test_the_same_contract_at_two_employers_is_a_hint() -> None:
    vacancies = {VacancyId(f"v-{n}"): Vacancy(vacancy_id=VacancyId(f"v-{n}"), title="文员") for n in (1, 2)}
    jobs = (a_job(vacancy_id=VacancyId("v-1")), a_job("p-2", "c-2", OTHER_FIRM, vacancy_id=VacancyId("v-2")))
    assert "fraud.f13" in _raised(a_case(*jobs, vacancies=vacancies))
    other = (jobs[0], a_job("p-2", "c-2", OTHER_FIRM, vacancy_id=VacancyId("v-2"), monthly_wage=Decimal(3001)))
    assert "fraud.f13" not in _raised(a_case(*other, vacancies=vacancies))


@pytest.mark.parametrize(("kind", "raised"), [(EmployerKind.PRIVATE, True), (EmployerKind.MASSAGE, False)])
def test_many_severe_people_are_a_hint_but_not_where_that_is_the_employers_purpose(
    kind: EmployerKind, raised: bool
) -> None:
    people = tuple(a_person(f"c-{number}", grade=1) for number in range(1, 6))
    jobs = tuple(a_job(f"p-{number}", f"c-{number}") for number in range(1, 6))
    assert ("fraud.f11" in _raised(a_case(*jobs, people=people, firms=(a_firm(kind=kind),)))) is raised


def test_hints_accuse_nobody_and_hold_no_number_of_a_certificate_or_telephone() -> None:
    people = tuple(
        a_person(f"c-{number}", phone="000-1", certificate_number=certificate_number()) for number in (1, 2, 3)
    )
    jobs = tuple(a_job(f"p-{number}", f"c-{number}", wage_paid_by_bank=YesNo.NO) for number in (1, 2, 3))
    hints = hints_of(a_case(*jobs, people=people), BOOK, FIRM, 2025, TODAY)
    text = "\n".join(hint_lines(hints)) + str([hint.as_dict() for hint in hints])
    assert "不是违规结论" in text
    assert "残疾人可能是受害者" in text
    assert certificate_number() not in text
    assert "000-1" not in text
    assert not [word for word in ("骗", "造假", "挂证") if word in text]
