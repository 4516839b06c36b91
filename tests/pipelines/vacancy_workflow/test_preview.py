"""How many people could do a post: right in the large, and nothing of any one person however it is asked."""

from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from matching.entities import Candidate, CandidateId, Vacancy, VacancyId
from matching.explanation import needed_at
from matching.fit import compare
from matching.reading import read_vacancy
from matching.stock import StockItem
from matching.vocabulary import Accommodation, AccommodationState, Function, Outcome, WorkMode, YesNo
from pipelines.access.audit import events, last_event
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role
from pipelines.access.vault import Vault
from pipelines.schema import CANDIDATES
from pipelines.vacancy_workflow.preview import Group, Sorter, _least, _told, one_person, preview
from tests.support.accounts import KEYS
from tests.support.firms import ELSEWHERE, FIRM, HERE, somebody, two_firms
from tests.support.people import a_person
from tests.support.stores import BACKENDS, a_store

ABLE = dict.fromkeys(Function, 0)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store with two companies."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            two_firms(connection)
        yield opened


def people(connection: Connection, n: int, name: str, **facts: Any) -> None:
    """Add so many people alike."""
    for number in range(n):
        a_person(connection, f"{name}-{number}", certificate_number=None, **facts)


def asked(connection: Connection, demands: dict[Function, int], role: Role = Role.COMPANY_POSTER, **more: Any) -> Any:
    """Ask as somebody of the first company."""
    who = somebody(connection, f"u{last_event(connection)}", role, FIRM)
    vacancy = Vacancy(vacancy_id=VacancyId("v"), title="文员", **{"region": HERE, "demands": demands, **more})
    return preview(connection, who, vacancy, home=HERE, employer_id=FIRM)


def test_counts_who_can_and_who_could_with_one_accommodation_more_in_bands(engine: Engine) -> None:
    with engine.begin() as connection:
        people(connection, 35, "able", functions=ABLE, category=None)
        people(connection, 40, "blind", functions={**ABLE, Function.SEEING: 4})
        people(connection, 25, "unasked", functions={})
        told = asked(connection, {Function.SEEING: 2, Function.HANDS: 2})
        assert told["label"] == "兰州市"
        assert told["now"] in ("30—39", "40—49")
        assert told["unknown"] in ("20—29",)
        by_name = {one["name"]: one["people"] for one in told["one_more"]}
        assert by_name["screen_reader"] in ("70—79",)
        offered = {Accommodation.SCREEN_READER: AccommodationState.DECLARED}
        more = asked(connection, {Function.SEEING: 2, Function.HANDS: 2}, accommodations=offered)
        assert more["now"] == by_name["screen_reader"]


def test_people_elsewhere_or_who_wish_no_job_are_not_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        people(connection, 30, "there", functions=ABLE, region=ELSEWHERE)
        people(connection, 30, "resting", functions=ABLE, job_wish=YesNo.NO)
        assert asked(connection, {Function.HANDS: 2})["now"] == "少于10"
        assert asked(connection, {Function.HANDS: 2}, region=ELSEWHERE)["now"] != "少于10"


@pytest.mark.parametrize("n", [0, 1, 5, 9])
def test_fewer_than_ten_are_never_told_as_more(engine: Engine, n: int) -> None:
    with engine.begin() as connection:
        people(connection, n, "able", functions=ABLE)
        assert asked(connection, {Function.HANDS: 2})["now"] == "少于10"


def test_asking_for_what_excludes_nobody_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        for n in range(36):
            a_person(connection, f"p-{n:02}", functions={**ABLE, Function.SEEING: n % 4}, certificate_number=None)
        for seeing, hearing in product(range(1, 5), (1, 4)):
            wide = asked(connection, {Function.HANDS: 1, Function.SEEING: seeing})
            narrow = asked(connection, {Function.HANDS: 1, Function.SEEING: seeing, Function.HEARING: hearing})
            assert narrow["now"] == wide["now"]


def test_number_is_told_near_the_truth_and_its_edge_is_not_where_one_person_more_would_show() -> None:
    vault = Vault.read(KEYS)
    told = [_told(vault, "620100", sum(map(one_person, map(str, range(n))), Group())) for n in range(300)]
    assert set(told[:10]) == {"少于10"}
    least = [_least(band) for band in told]
    assert all(abs(n - low - 4.5) <= 9 for n, low in enumerate(least) if low)
    # Told exactly, a number never goes down where one person more is counted; blurred it does, again and again.
    assert sum(later < before for before, later in pairwise(least)) > 10


@pytest.mark.parametrize("occupation", [None, "数据标注", "保洁员"])
@pytest.mark.parametrize("mode", [None, WorkMode.REMOTE])
def test_profiles_are_sorted_as_the_matching_itself_would(occupation: str | None, mode: WorkMode | None) -> None:
    dice = Random(f"{occupation}{mode}")
    for _ in range(40):
        demands = {function: dice.randrange(5) for function in dice.sample(list(Function), 5)}
        offered = dict.fromkeys(dice.sample(list(Accommodation), 4), AccommodationState.DECLARED)
        vacancy = Vacancy(
            vacancy_id=VacancyId("v"), title="岗位", occupation=occupation, work_mode=mode, demands=demands,
            accommodations=offered,
        )  # fmt: skip
        item, sorter = StockItem(vacancy, read_vacancy(vacancy)), Sorter(vacancy)
        for _ in range(20):
            limits = {function: dice.choice((0, 0, 1, 2, 3, 4)) for function in Function if dice.random() < 0.9}
            needed = tuple(dice.sample(list(Accommodation), dice.randrange(2)))
            person = Candidate(candidate_id=CandidateId("c"), functions=limits, accommodations_needed=needed)
            whole = dict.fromkeys(Function, 0) | limits
            for function in demands:
                if demands[function] and function not in limits:
                    del whole[function]
            fit = compare(whole, item.demands, item.offered, needed_at(person, item))
            part = sorter.sort(CANDIDATES.column("functions").format(limits), ";".join(one.value for one in needed))
            assert (part.outcome is Outcome.DOES_NOT_FIT) == (fit.outcome is Outcome.DOES_NOT_FIT)
            assert (part.outcome is Outcome.UNKNOWN) == (fit.outcome is Outcome.UNKNOWN)
            if part.outcome is Outcome.FITS:
                closed = {one for one, state in fit.accommodations.items() if state is AccommodationState.TO_ARRANGE}
                assert part.lacking == closed | {one for one in needed_at(person, item) if one not in item.offered}


def test_same_question_has_the_same_answer_and_is_in_the_audit(engine: Engine) -> None:
    with engine.begin() as connection:
        people(connection, 23, "able", functions=ABLE)
        answers = [asked(connection, {Function.HANDS: 3}) for _ in range(5)]
        assert all(one == answers[0] for one in answers)
        found = [event for event in events(connection) if event["action"] == "vacancies.preview"]
        assert [event["object_id"] for event in found] == [FIRM] * 5


def test_without_demands_nothing_is_told_and_who_may_not_write_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        told = asked(connection, {})
        assert (told["is_asked"], told["now"], told["one_more"]) == (False, None, [])
        with pytest.raises(Forbidden):
            preview(
                connection,
                somebody(connection, "chief", Role.AUDITOR, HERE),
                Vacancy(vacancy_id=VacancyId("v"), title="文员", demands={Function.HANDS: 2}),
                home=None,
                employer_id=None,
            )
