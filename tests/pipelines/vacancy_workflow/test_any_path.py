"""Whatever is done in whatever order: nothing is published that was not checked and approved by another person."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from matching.vocabulary import VacancyKind
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role, Subject
from pipelines.store.repositories import VacancyRepository
from pipelines.store.workflow_tables import vacancy_approvals, vacancy_checks, vacancy_versions
from pipelines.vacancy_workflow.errors import CheckFails, NotPossible, OutdatedWork
from pipelines.vacancy_workflow.repository import Standing, Workflows
from pipelines.vacancy_workflow.service import Change
from pipelines.vacancy_workflow.states import TRANSITIONS, Act, CloseReason, State, possible
from tests.support.firms import ELSEWHERE, FIRM, Firm, a_firm, in_role, somebody
from tests.support.stores import PROGRAM, a_store

REFUSALS = (Forbidden, NotPossible, OutdatedWork, CheckFails)
WHO = st.sampled_from(["poster", "approver", "second", "caseworker", "both"])
CHANGES = st.sampled_from(
    [
        {"wage_min": "900"},
        {"wage_min": "3100"},
        {"description": "限男性"},
        {"description": "整理档案"},
        {"demands": "lifting=4"},
        {"demands": "hands=3"},
        {"kind": "directed"},
        {"kind": "open"},
    ]
)


def test_the_table_leads_to_published_by_check_and_approval_alone() -> None:
    assert {of for of, act in TRANSITIONS if TRANSITIONS[of, act] is State.PUBLISHED} == {State.APPROVED}
    assert {of for of, act in TRANSITIONS if TRANSITIONS[of, act] is State.APPROVED} == {State.CHECKED}
    into_checked = {act for (_, act), to in TRANSITIONS.items() if to is State.CHECKED}
    assert into_checked == {Act.CHECK}
    assert possible(State.CLOSED, is_live=True) == ()


class AnyPath(RuleBasedStateMachine):
    """One vacancy, five people of whom one has two roles, and acts with fresh or stale versions."""

    def __init__(self) -> None:
        super().__init__()
        self._store = a_store("sqlite", Path(tempfile.mkdtemp(prefix="yougang-path-")))
        self.firm: Firm = a_firm(self._store.__enter__())
        with self.firm.engine.begin() as connection:
            people = {
                "second": somebody(connection, "second", Role.COMPANY_APPROVER, FIRM),
                "both": in_role(connection, "poster", Role.CASEWORKER),
            }
            somebody(connection, "elsewhere", Role.CASEWORKER, ELSEWHERE)
        own = {name: getattr(self.firm, name) for name in ("poster", "approver", "caseworker")}
        self.people: dict[str, Subject] = {**own, **people}
        self.known: list[Standing] = []

    @initialize(who=WHO)
    def draft(self, who: str) -> None:
        self.known = [self.firm.draft(self.people[who])]

    def act(self, name: str, who: str, is_stale: bool, *more: object) -> None:
        with self.firm.engine.connect() as connection:
            newest = Workflows(connection, PROGRAM).get(self.known[0].vacancy_id)
        assert newest is not None
        self.known = [*self.known[-3:], newest] if newest != self.known[-1] else self.known
        try:
            self.firm.do(name, self.people[who], self.known[0] if is_stale else newest, *more)
        except REFUSALS:
            return

    @rule(who=WHO, is_stale=st.booleans(), cells=CHANGES)
    def change(self, who: str, is_stale: bool, cells: dict[str, str]) -> None:
        self.act("change", who, is_stale, Change(cells))

    @rule(who=WHO, is_stale=st.booleans())
    def check(self, who: str, is_stale: bool) -> None:
        self.act("check", who, is_stale)

    @rule(who=WHO, is_stale=st.booleans())
    def approve(self, who: str, is_stale: bool) -> None:
        self.act("approve", who, is_stale)

    @rule(who=WHO, is_stale=st.booleans())
    def publish(self, who: str, is_stale: bool) -> None:
        self.act("publish", who, is_stale)

    @rule(who=st.sampled_from(["approver", "second", "poster"]))
    def further(self, who: str) -> None:
        """Try the next step of the way, so that runs come far enough."""
        with self.firm.engine.connect() as connection:
            standing = Workflows(connection, PROGRAM).get(self.known[0].vacancy_id)
        steps = {State.DRAFT: "check", State.CHECKED: "approve", State.APPROVED: "publish"}
        if standing is not None and standing.state in steps:
            self.act(steps[standing.state], who, False)

    @rule()
    def mended_and_further(self) -> None:
        """Mend what the changes broke, and go on as two honest people would."""
        self.act(
            "change", "poster", False, Change({"wage_min": "3100", "description": "", "demands": "", "kind": "open"})
        )
        self.act("check", "poster", False)
        self.act("approve", "approver", False)

    @rule(who=WHO)
    def send_back(self, who: str) -> None:
        self.act("send_back", who, False, "请更正")

    @rule(who=WHO)
    def confirm(self, who: str) -> None:
        self.act("confirm", who, False)

    @rule(who=WHO, is_meant=st.sampled_from([True, *[False] * 9]))
    def close(self, who: str, is_meant: bool) -> None:
        if is_meant:  # there is no way back: seldom, or most runs end here
            self.act("close", who, False, CloseReason.OTHER)

    @invariant()
    def published_was_checked_and_approved_by_another(self) -> None:
        if not self.known:
            return
        vacancy_id = self.known[0].vacancy_id
        with self.firm.engine.connect() as connection:
            rows = VacancyRepository(connection, PROGRAM).find([(vacancy_id,)])
            standing = Workflows(connection, PROGRAM).get(vacancy_id)
            assert standing is not None
            assert bool(rows) == (standing.published_version is not None)
            if standing.published_version is None:
                event("not published")
                return
            a, c, v = vacancy_approvals.c, vacancy_checks.c, vacancy_versions.c
            version = standing.published_version
            approvals = connection.execute(select(a.author, a.approved_by).where(a.version == version)).all()
            passed = connection.execute(select(c.passed).where(c.version == version).order_by(c.checked_at)).scalars()
            author = connection.execute(select(v.author).where(v.version == version)).scalar_one()
            content = Workflows(connection, PROGRAM).content(vacancy_id, version)
        row = rows[vacancy_id,]
        event("published")
        assert approvals
        assert all(approval.author == author != approval.approved_by for approval in approvals)
        assert True in set(passed)
        for column in ("title", "description", "demands", "wage_min", "kind", "region"):
            assert row[column] == content.values.get(column)
        assert row["wage_min"] != 900
        assert row["description"] != "限男性"
        assert row["kind"] is not VacancyKind.DIRECTED  # nobody verified the employer

    def teardown(self) -> None:
        self._store.__exit__(None, None, None)


TestAnyPath = pytest.mark.filterwarnings("error")(AnyPath.TestCase)
TestAnyPath.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck)
)
