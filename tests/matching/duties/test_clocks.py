"""The four once-a-year services: two denominators, year ends, leap days, changes inside the year, unknown facts."""

from datetime import date
from itertools import product

import pytest

from matching.duties.clocks import four_ones, in_working_age
from matching.duties.duty import BORN, SEX, WISH, WORK
from matching.duties.terms import CLOCKS, DutyState, terms_on
from matching.rules.decision import Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import rulebook
from matching.rules.subjects import candidate_facts
from matching.vocabulary import ServiceKind, Sex, YesNo
from tests.support.builders import TODAY
from tests.support.duties import World, a_file, job, looking, served

FOUR = tuple(CLOCKS)
CHECK = ServiceKind.INFORMATION_CHECK
T = terms_on(TODAY)


def test_who_wishes_to_work_is_owed_all_four() -> None:
    duty = four_ones(looking(), T)
    assert duty is not None
    assert (duty.state, duty.missing, duty.open) == (DutyState.DUE, FOUR, ())
    assert (duty.since, duty.by) == (date(2026, 1, 1), date(2026, 12, 31))
    assert duty.ground.source.document == "甘政办发〔2025〕67号"
    assert duty.ground.status == "known-medium"


def test_who_does_not_wish_to_work_is_owed_the_information_check_alone() -> None:
    duty = four_ones(looking(job_wish=YesNo.NO), T)
    assert duty is not None
    assert (duty.missing, duty.open, duty.asks) == ((CHECK,), (), ())
    assert four_ones(looking(job_wish=YesNo.NO, services=[served(CHECK, TODAY)]), T) is None


def test_unknown_wish_leaves_three_services_open_under_a_named_question() -> None:
    duty = four_ones(looking(job_wish=None), T)
    assert duty is not None
    assert (duty.state, duty.missing, duty.open, duty.asks) == (DutyState.DUE, (CHECK,), FOUR[1:], (WISH,))


def test_unknown_work_and_unknown_birth_stay_on_the_list_as_questions() -> None:
    duty = four_ones(a_file(), T)
    assert duty is not None
    assert (duty.state, duty.missing, duty.open, duty.asks) == (DutyState.ASK, (), FOUR, (BORN, WORK, WISH))
    at_odds = four_ones(looking(sex=None, birth_date=date(1970, 1, 1)), T)
    assert at_odds is not None
    assert at_odds.asks == (SEX,)
    assert four_ones(looking(sex=None, birth_date=date(1950, 1, 1)), T) is None


def test_a_service_of_last_year_does_not_count_for_this_one() -> None:
    given = [served(kind, date(2025, 12, 31)) for kind in FOUR]
    assert four_ones(looking(services=given), terms_on(date(2025, 12, 31))) is None
    duty = four_ones(looking(services=given), terms_on(date(2026, 1, 1)))
    assert duty is not None
    assert (duty.missing, duty.since, duty.waiting_since) == (FOUR, date(2026, 1, 1), date(2026, 1, 1))


def test_a_service_dated_after_the_day_does_not_count_yet() -> None:
    duty = four_ones(looking(services=[served(CHECK, date(2026, 11, 24))]), T)
    assert duty is not None
    assert CHECK in duty.missing


def test_waiting_goes_back_to_the_last_service_or_to_the_loss_of_work() -> None:
    served_before = looking(services=[served(kind, date(2024, 3, 1)) for kind in FOUR])
    never = four_ones(looking(), T)
    duty = four_ones(served_before, T)
    assert never is not None
    assert duty is not None
    assert (never.waiting_since, duty.waiting_since) == (date(2020, 5, 4), date(2024, 3, 2))


def test_who_loses_work_inside_the_year_is_owed_from_the_day_after() -> None:
    placed = looking(placements=[job(date(2024, 1, 1), date(2026, 6, 30))])
    assert four_ones(placed, terms_on(date(2026, 6, 30))) is None
    duty = four_ones(placed, terms_on(date(2026, 7, 1)))
    assert duty is not None
    assert duty.since == duty.waiting_since == date(2026, 7, 1)


def test_who_is_placed_is_owed_nothing_while_the_placement_runs() -> None:
    assert four_ones(looking(placements=[job(date(2026, 11, 23))]), T) is None
    assert four_ones(looking(placements=[job(date(2026, 11, 24))]), T) is not None


def test_a_placement_without_a_first_day_makes_work_a_question() -> None:
    duty = four_ones(looking(placements=[job(None)]), T)
    assert duty is not None
    assert duty.asks == (WORK,)


def test_who_turns_sixteen_inside_the_year_is_owed_from_the_birthday() -> None:
    young = looking(birth_date=date(2010, 6, 15), unemployed_since=date(2026, 1, 5))
    assert four_ones(young, terms_on(date(2026, 6, 14))) is None
    duty = four_ones(young, terms_on(date(2026, 6, 15)))
    assert duty is not None
    assert duty.since == date(2026, 6, 15)


def test_who_leaves_the_band_inside_the_year_is_owed_until_the_day_before() -> None:
    duty = four_ones(looking(birth_date=date(1966, 12, 1)), T)
    assert duty is not None
    assert duty.by == date(2026, 11, 30)
    assert four_ones(looking(birth_date=date(1966, 11, 23)), T) is None


@pytest.mark.parametrize(
    ("day", "owed"), [(date(2028, 2, 29), True), (date(2027, 2, 28), False), (date(2027, 3, 1), True)]
)
def test_born_on_a_leap_day_comes_of_age_on_the_first_of_march(day: date, owed: bool) -> None:
    born = date(day.year - 16, 2, 29) if day.year == 2028 else date(2011, 3, 1)
    assert in_working_age(born, Sex.MALE, terms_on(day)) is owed
    leap = looking(birth_date=date(2008, 2, 29), unemployed_since=date(2024, 1, 1))
    duty = four_ones(leap, terms_on(date(2024, 12, 31)))
    assert duty is not None
    assert duty.since == date(2024, 2, 29)


def test_before_the_plan_nothing_is_owed() -> None:
    assert four_ones(looking(), terms_on(date(2022, 8, 3))) is None
    duty = four_ones(looking(), terms_on(date(2022, 8, 4)))
    assert duty is not None
    assert duty.since == date(2022, 8, 4)
    assert duty.ground.source.clause == "二(九)"
    assert duty.ground.status == "confirmed"


def test_a_good_match_counts_as_days_waited() -> None:
    plain, matched = four_ones(looking(), T), four_ones(looking(strong_matches=3), T)
    assert plain is not None
    assert matched is not None
    assert plain.key[0] - matched.key[0] == T.strong_days > 0
    assert plain.waiting_since == matched.waiting_since


@pytest.mark.parametrize("seed", range(3))
def test_clocks_say_what_the_rule_says(seed: int) -> None:
    names = {
        ServiceKind.INFORMATION_CHECK: "info_check",
        ServiceKind.ABILITY_ASSESSMENT: "assessment",
        ServiceKind.NEED_REGISTRATION: "need_registration",
        ServiceKind.EMPLOYMENT_SERVICE: "service",
    }
    decided = 0
    for file in World(seed, TODAY).files:
        facts = candidate_facts(file.candidate, TODAY, file.placements, file.services)
        told = decide(rulebook(), "service.four_ones", facts, TODAY)
        duty = four_ones(file, T)
        if told.outcome is Outcome.MET:
            assert duty is None
        elif told.outcome is Outcome.UNKNOWN:
            assert duty is not None
            assert duty.open
        assert duty is None or told.outcome is not Outcome.MET
        if duty is not None:
            assert set(told.results["missing"]) == {names[kind] for kind in duty.missing}  # type: ignore[arg-type]
        decided += told.outcome is not Outcome.UNKNOWN
    assert decided > 5


def test_one_more_known_fact_never_opens_what_was_settled() -> None:
    for wish, sex in product((YesNo.YES, YesNo.NO), Sex):
        unknown = four_ones(looking(job_wish=None, sex=None), T)
        known = four_ones(looking(job_wish=wish, sex=sex), T)
        assert unknown is not None
        assert known is not None
        assert set(unknown.missing) <= set(known.missing)
        assert not known.open
