"""How the databases find what is read most: by an index, as their own planners say over tables of some size."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from pipelines.access.audit import record_each
from pipelines.access.roles import By, OrganisationId, Purpose, Role, Subject, UserId
from pipelines.schema import CANDIDATES, EMPLOYERS, INTERACTIONS, TableSpec
from pipelines.store.claims import ClaimRepository
from pipelines.store.repositories import CandidateRepository, TableRepository
from pipelines.store.selections import SomePlacements, SomeServices
from pipelines.store.trail import Trail
from pipelines.store.uploads import UploadRepository
from pipelines.store.visible_runs import VisibleRuns
from pipelines.vacancy_workflow.listing import Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import VacancyWork
from tests.support.accounts import gansu_with_others
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

TODAY = date(2026, 11, 23)
OFFICE = OrganisationId("office-620102")
N = 20_000


def a_subject(role: Role, purpose: Purpose, employer_id: str | None = None) -> Subject:
    codes = frozenset({"620102", "620103"})
    return Subject(UserId("u"), OFFICE, role, codes, purpose, employer_id=employer_id)


WORKER = a_subject(Role.CASEWORKER, Purpose.JOB_MATCHING)
AUDITOR = a_subject(Role.AUDITOR, Purpose.AUDIT)
COMPANY = a_subject(Role.COMPANY_POSTER, Purpose.RECRUITMENT, employer_id="e-7")

_REGION = "CAST(620000 + n % 200 AS VARCHAR(6))"
_FILLED = (
    f"candidates (candidate_id, region) SELECT 'c-' || n, {_REGION} FROM numbers",
    f"employers (employer_id, region) SELECT 'e-' || n, {_REGION} FROM numbers WHERE n < {N // 4}",
    "vacancies (vacancy_id, title, employer_id, region)"
    f" SELECT 'v-' || n, 't', 'e-' || (n % {N // 4}), {_REGION} FROM numbers",
    "interactions (candidate_id, vacancy_id, kind, at)"
    f" SELECT 'c-' || n, 'v-' || ((n * 7) % {N}), 'viewed', '2026-01-01' FROM numbers",
    "services (candidate_id, kind, \"on\") SELECT 'c-' || n, 'other', '2026-01-01' FROM numbers",
    "placements (placement_id, candidate_id, employer_id)"
    f" SELECT 'p-' || n, 'c-' || n, 'e-' || (n % {N // 4}) FROM numbers",
    "shortlist_runs (run_id, candidate_id, as_of, model_version, rules_version, created_at, payload)"
    " SELECT 'r-' || n, 'c-' || n, '2026-01-01', 'm', 'x', '2026-01-01', '{}' FROM numbers",
    "uploads (upload_id, organisation_id, actor, table_name, is_dry_run, state, started_at)"
    " SELECT o.organisation_id || n, o.organisation_id, 'a', 't', false, 'running', '2026-01-01'"
    " FROM numbers, (SELECT organisation_id FROM organisations ORDER BY 1 LIMIT 40) o WHERE n < 100",
)
_NUMBERS = f"WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {N - 1})"


@pytest.fixture(scope="module", params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A store with so many rows that reading all of a table is dear."""
    with a_store(request.param, tmp_path_factory.mktemp("plans")) as opened:
        with opened.begin() as connection:
            gansu_with_others(noted(connection))
            for filled in _FILLED:
                into, _, rows = filled.partition(") ")
                connection.execute(text(f"INSERT INTO {into}) {_NUMBERS} {rows}"))  # from above
            for n in range(40):
                by = By(f"user:{n}", OFFICE, Purpose.JOB_MATCHING)
                people = [f"c-{n * 100 + each}" for each in range(100)]
                record_each(connection, by, "candidates.read", object_kind="candidate", object_ids=people)
            connection.execute(text("ANALYZE"))
        yield opened


def planned(engine: Engine, ask: Callable[[Connection], object]) -> str:
    """Return the plans of every query that is asked."""
    asked: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", listen)
        try:
            ask(connection)
        finally:
            event.remove(engine, "before_cursor_execute", listen)
        word = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        lines = [
            str(row[-1])
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"{word} {statement}", parameters)
        ]
    assert lines
    return "\n".join(lines)


def a_page(spec: TableSpec, subject: Subject = WORKER, **equal: str) -> Callable[[Connection], object]:
    def ask(connection: Connection) -> object:
        repository = TableRepository(connection, spec, subject)
        return repository.page(None, 51, [repository.table.c[name] == value for name, value in equal.items()])

    return ask


def vacancies(subject: Subject, filters: Filters) -> Callable[[Connection], object]:
    return lambda connection: page_of_vacancies(
        VacancyWork(connection, subject, on=TODAY, now=datetime(2026, 11, 23, tzinfo=UTC)),
        filters,
        after=None,
        limit=50,
    )


def trail(**filters: str) -> Callable[[Connection], object]:
    return lambda connection: Trail(connection, AUDITOR).page(before=4000, limit=51, filters=filters)


READS: dict[str, tuple[Callable[[Connection], object], tuple[str, ...]]] = {
    "people of an office": (a_page(CANDIDATES), ("ix_candidates_region",)),
    "one person": (lambda c: CandidateRepository(c, WORKER).find([("c-1",)]), ("pk_candidates",)),
    "the interactions of a person": (a_page(INTERACTIONS, candidate_id="c-200"), ("pk_interactions",)),
    "the interactions of a vacancy": (a_page(INTERACTIONS, PROGRAM, vacancy_id="v-7"), ("ix_interactions_vacancy_id",)),
    "the services of a person": (lambda c: SomeServices(c, WORKER).of_candidate("c-200"), ("pk_services",)),
    "the placements of a person": (
        lambda c: SomePlacements(c, WORKER).of_candidates(["c-200"]),
        ("ix_placements_candidate_id",),
    ),
    "the placements with an employer": (
        lambda c: SomePlacements(c, WORKER).of_employer("e-7"),
        ("ix_placements_employer_id",),
    ),
    "the lists of a person": (
        lambda c: VisibleRuns(c, WORKER).page("c-200", before=None, limit=51),
        ("ix_shortlist_runs_candidate_id",),
    ),
    "the employers of an office": (a_page(EMPLOYERS), ("ix_employers_region",)),
    "vacancies": (vacancies(WORKER, Filters()), ("pk_vacancies",)),
    "the vacancies of a place": (vacancies(WORKER, Filters(region="620102")), ("ix_vacancies_region",)),
    "a company's own vacancies": (vacancies(COMPANY, Filters()), ("ix_vacancies_employer_id",)),
    "the audit": (trail(), ("pk_audit",)),
    "the audit of an actor": (trail(actor="user:7"), ("ix_audit_actor_sequence",)),
    "the audit of a person": (trail(object_id="c-200"), ("ix_audit_object_id_object_kind",)),
    "uploads": (
        lambda c: UploadRepository(c, WORKER).page(before=(datetime(2026, 11, 23, tzinfo=UTC), "u"), limit=51),
        ("ix_uploads_organisation_id_started_at",),
    ),
    "the claims of a person": (
        lambda c: ClaimRepository(c, WORKER).page(after=None, limit=51, filters={"candidate_id": "c-200"}),
        (),
    ),
}


@pytest.mark.parametrize("name", READS)
def test_what_is_read_most_is_found_by_an_index(engine: Engine, name: str) -> None:
    ask, expected = READS[name]
    plan = planned(engine, ask)
    for index in expected:
        assert by_its_name(engine, index) in plan, plan
    read_whole = ("Seq Scan on {}", "SCAN {}\n") if engine.dialect.name == "postgresql" else ("SCAN {}\n",)
    for table in ("candidates", "employers", "vacancies", "interactions", "services", "placements", "audit", "uploads"):
        assert not any(words.format(table) in f"{plan}\n" for words in read_whole), plan


def by_its_name(engine: Engine, index: str) -> str:
    """Return an index as the planner calls it: SQLite makes those of keys by itself and numbers them."""
    is_own = engine.dialect.name == "sqlite" and index.startswith("pk_")
    return f"sqlite_autoindex_{index.removeprefix('pk_')}_1" if is_own else index
