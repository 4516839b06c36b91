"""The four clocks over drawn days: year ends, leap days, changes inside a year, moves; held to a naive reckoning."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.duties.clocks import birth_band, four_ones, in_working_age, standing
from matching.duties.duty import WORK, CaseFile, Duty
from matching.duties.terms import CLOCKS, FOR_EVERYBODY, DutyState, terms_on
from matching.entities import Placement, Service
from matching.vocabulary import ServiceKind, Sex, YesNo
from tests.support.duties import job, looking, served

FOUR = tuple(CLOCKS)
OTHERS = tuple(kind for kind in FOUR if kind is not FOR_EVERYBODY)
DAY = timedelta(days=1)
QUICK = settings(deadline=None, max_examples=150)

ENDS = [date(year, month, day) for year in range(2023, 2030) for month, day in ((1, 1), (12, 31), (3, 1), (2, 28))]
days = st.one_of(
    st.sampled_from([*ENDS, date(2024, 2, 29), date(2028, 2, 29)]), st.dates(date(2023, 1, 1), date(2029, 12, 31))
)
"""Days on which the clocks are in force, many of them at the ends of years and of February."""
births = st.one_of(
    st.sampled_from([date(year, 2, 29) for year in range(1952, 2013, 4)]),
    st.dates(date(1950, 1, 1), date(2013, 12, 31)),
)
sexes = st.sampled_from([Sex.MALE, Sex.FEMALE])


def years_old(born: date, on: date) -> int:
    """Return completed years, the birthday of 29 February being 1 March where the year has none."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_in_age(born: date, sex: Sex, on: date) -> bool:
    """Return whether somebody is in the band, by the band's own numbers and plain counting."""
    band = terms_on(on).band
    assert band is not None
    low, high = band.male if sex is Sex.MALE else band.female
    return low <= years_old(born, on) <= high


def due(file: CaseFile, on: date) -> Duty | None:
    """Return what is due on a day."""
    return four_ones(file, terms_on(on))


def missing(file: CaseFile, on: date) -> set[ServiceKind]:
    """Return which of the four are due for certain on a day."""
    found = due(file, on)
    return set() if found is None else set(found.missing)


def all_four(on: date) -> list[Service]:
    """Return each of the four given on a day."""
    return [served(kind, on) for kind in FOUR]


# ---- ages and leap days ---------------------------------------------------------------------------------------------


@QUICK
@given(births, sexes, days)
@example(date(2008, 2, 29), Sex.MALE, date(2024, 2, 29))
@example(date(2008, 2, 29), Sex.FEMALE, date(2024, 2, 28))
@example(date(1965, 2, 28), Sex.MALE, date(2025, 2, 28))
@example(date(1964, 2, 29), Sex.MALE, date(2024, 2, 29))
def test_age_is_that_of_completed_years_however_it_is_asked(born: date, sex: Sex, on: date) -> None:
    terms = terms_on(on)
    band = birth_band(terms)
    assert band is not None
    expected = is_in_age(born, sex, on)
    after, until = band.spans[sex.value]
    assert in_working_age(born, sex, terms) is expected
    assert band.holds(born, sex) is expected
    assert (after < born.isoformat() <= until) is expected


@QUICK
@given(births, days)
def test_of_an_unknown_sex_only_what_holds_of_both_is_said(born: date, on: date) -> None:
    both = {is_in_age(born, sex, on) for sex in (Sex.MALE, Sex.FEMALE)}
    assert in_working_age(born, None, terms_on(on)) is (both.pop() if len(both) == 1 else None)


@QUICK
@given(births, sexes, st.integers(2023, 2028))
def test_the_span_of_a_year_is_cut_at_the_birthdays(born: date, sex: Sex, year: int) -> None:
    """What falls due with a birthday is due from it, and nothing is due before it or after the band."""
    file = looking(birth_date=born, sex=sex, unemployed_since=date(2010, 1, 1))
    first, last = date(year, 1, 1), date(year, 12, 31)
    inside = [first + DAY * n for n in range((last - first).days + 1) if is_in_age(born, sex, first + DAY * n)]
    for on in {first, last, *inside[:1], *inside[-1:]}:
        found = due(file, on)
        assert (found is not None) is (on in inside)
        if found is not None:
            assert (found.since, found.by) == (inside[0], inside[-1])


# ---- year ends ------------------------------------------------------------------------------------------------------


@QUICK
@given(days, st.integers(0, 400))
@example(date(2024, 12, 31), 1)
@example(date(2024, 2, 29), 366)
def test_what_was_given_holds_until_the_years_last_day_and_no_longer(given_on: date, later: int) -> None:
    on = given_on + DAY * later
    found = due(looking(services=all_four(given_on)), on)
    if on.year == given_on.year:
        assert found is None
        return
    assert found is not None
    assert found.missing == FOUR
    assert (found.since, found.by) == (date(on.year, 1, 1), date(on.year, 12, 31))
    assert found.waiting_since == given_on + DAY


@QUICK
@given(days)
def test_a_service_of_tomorrow_is_none_of_today(on: date) -> None:
    assert missing(looking(services=all_four(on + DAY)), on) == set(FOUR)


# ---- changes inside the year ----------------------------------------------------------------------------------------


@QUICK
@given(days, st.integers(0, 500), st.integers(-30, 530))
@example(date(2024, 2, 29), 0, 1)
@example(date(2023, 7, 1), 183, 184)
def test_nothing_is_owed_while_a_placement_runs_and_all_again_from_the_day_after(
    starts: date, lasts: int, at: int
) -> None:
    ends, on = starts + DAY * lasts, starts + DAY * at
    file = looking(placements=[job(starts, ends)], unemployed_since=date(2020, 1, 1))
    found = due(file, on)
    if starts <= on <= ends:
        assert found is None
        return
    assert found is not None
    assert found.missing == FOUR
    if on > ends:
        assert found.since == max(ends + DAY, date(on.year, 1, 1))
        assert found.waiting_since == ends + DAY


@QUICK
@given(days, st.lists(st.tuples(days, st.integers(0, 300)), max_size=4), st.booleans())
def test_work_is_known_of_the_placements_alone_and_in_whatever_order(
    on: date, jobs: list[tuple[date, int]], is_registered: bool
) -> None:
    placements = [replace(job(first, first + DAY * n), placement_id=f"p-{i}") for i, (first, n) in enumerate(jobs)]
    registered = date(2020, 1, 1) if is_registered else None
    told = [
        standing(looking(placements=held, unemployed_since=registered), terms_on(on)).employed
        for held in (placements, placements[::-1])
    ]
    runs = any(first <= on <= first + DAY * n for first, n in jobs)
    assert told == [True if runs else False if is_registered else None] * 2


@QUICK
@given(days, days, st.sampled_from([YesNo.YES, YesNo.NO, None]))
def test_a_registration_to_come_is_none_yet_and_leaves_a_question(on: date, since: date, wish: YesNo | None) -> None:
    found = due(looking(unemployed_since=since, job_wish=wish), on)
    assert found is not None
    assert (found.state is DutyState.ASK) is (since > on)
    assert (WORK in found.asks) is (since > on)


# ---- both denominators ----------------------------------------------------------------------------------------------

wishes = st.sampled_from([YesNo.YES, YesNo.NO, None])
placed = st.one_of(st.none(), st.tuples(days, st.integers(0, 400)))


def held(rows: list[tuple[ServiceKind, date]]) -> tuple[Service, ...]:
    """Return services, one a kind and day as they are stored."""
    return tuple(served(kind, on) for kind, on in dict.fromkeys(rows))


@QUICK
@given(
    days, births, st.sampled_from([*Sex]), wishes, placed, st.lists(st.tuples(st.sampled_from(FOUR), days), max_size=8)
)
def test_each_service_is_due_to_its_own_denominator_and_to_nobody_else(
    on: date, born: date, sex: Sex, wish: YesNo | None, work: Any, rows: list[tuple[ServiceKind, date]]
) -> None:
    placements = [] if work is None else [job(work[0], work[0] + DAY * work[1])]
    file = looking(birth_date=born, sex=sex, job_wish=wish, placements=placements, services=held(rows))
    works = work is not None and work[0] <= on <= work[0] + DAY * work[1]
    without_work = is_in_age(born, sex, on) and not works
    this_year = {kind for kind, day in rows if day.year == on.year and day <= on}
    found = due(file, on)
    certain = set(found.missing) if found else set()
    asked = set(found.open) if found else set()
    assert (FOR_EVERYBODY in certain) is (without_work and FOR_EVERYBODY not in this_year)
    for kind in OTHERS:
        is_open = without_work and kind not in this_year
        assert (kind in certain) is (is_open and wish is YesNo.YES)
        assert (kind in asked) is (is_open and wish is None)
    if found is not None:
        assert found.by is not None
        assert found.since <= on <= found.by
        assert found.waiting_since <= on
        assert date(on.year, 1, 1) <= found.since
        assert found.by <= date(on.year, 12, 31)


@QUICK
@given(days, st.lists(st.tuples(st.sampled_from(FOUR), days), max_size=8), st.tuples(st.sampled_from(FOUR), days))
def test_one_more_service_never_opens_another(
    on: date, rows: list[tuple[ServiceKind, date]], more: tuple[ServiceKind, date]
) -> None:
    before, after = (missing(looking(services=held(given_rows)), on) for given_rows in (rows, [*rows, more]))
    assert after <= before
    assert before - after <= {more[0]}


# ---- moves ----------------------------------------------------------------------------------------------------------


@QUICK
@given(days, wishes, placed, st.lists(st.tuples(st.sampled_from(FOUR), days), max_size=6))
def test_whoever_moves_is_owed_the_same_in_the_new_county(
    on: date, wish: YesNo | None, work: Any, rows: list[tuple[ServiceKind, date]]
) -> None:
    placements: list[Placement] = [] if work is None else [job(work[0], work[0] + DAY * work[1])]
    facts: dict[str, Any] = {"job_wish": wish, "placements": placements, "services": held(rows)}
    told = [due(looking(region=region, **facts), on) for region in ("620102", "620502", None)]
    assert told[0] == told[1] == told[2]
