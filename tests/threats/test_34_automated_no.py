"""34: harm without attacker: automated "no".

No route ends a case without a named human; unknown never shown as no; appeal recorded (PIPL 24).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError

from matching.entities import Candidate
from matching.rules.rulebook import rulebook
from pipelines.access.clients import Clients, machine_scopes
from pipelines.access.import_keys import ImportKeys
from pipelines.access.organisations import office_id
from pipelines.access.roles import COMMAND_LINE, Action, Purpose, Role, local_subject
from pipelines.claims.errors import ClaimRefused
from pipelines.consent.errors import NamedPersonNeeded
from pipelines.consent.requests import REVIEWS, Answered, Asked, Requests
from pipelines.consent.words import RequestKind
from pipelines.desk import Desk
from pipelines.store.claim_tables import claims
from pipelines.store.consent_tables import person_requests
from pipelines.store.machine_tables import clients
from tests.api.test_matrix import CALLS, DAY, OTHER, Province, routes_of
from tests.conftest import Town, Yougang
from tests.console.test_matrix import pages_of
from tests.support.pages import Visitor, on_that_day
from tests.support.people import a_person
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted
from tests.threats.claims import NOW, a_proposal, two_counties
from tests.threats.claims import by as ledger_of
from tests.threats.doors import HERE, V1, a_province, by, writing_routes

ENDS_A_CASE = {"decision", "approve", "send-back", "verification"}
"""How the addresses end by which somebody's request, review, claim, vacancy or standing is decided."""
DECIDES_NOTHING = {
    # what is registered, changed, asked for or taken back by whom it concerns
    "candidates", "{candidate_id}", "assignments", "end", "consents", "requests", "reviews", "interactions",
    "placements", "{placement_id}", "services", "courses", "{course_id}", "employers", "{employer_id}", "claims",
    "withdrawal", "vacancies", "job-posting", "{vacancy_id}", "check", "publish", "confirm", "close", "{table}",
    # units drawn for a look, each decided by its own address
    "inspections",
    # what units promised and did, campaigns with their posts and whom people invited to them
    "unit-records", "{record_id}", "initiatives", "{initiative_id}", "posts", "people",
    # how a person's own business stands, whom a coach saw, what was made public, how a training project was reviewed
    "ventures", "{venture_id}", "visits", "{visit_id}", "publicity", "{publicity_id}", "course-reviews", "{review_id}",
    # what staff wrote down, and what they have to do
    "notes", "tasks", "step", "plans", "{plan_id}", "enrolments", "{enrolment_id}", "attendance",
    "completion", "facts", "claim", "caseworkers", "handovers", "planned", "{planned_id}",
    # what a reader has read of one's own notices; text messages, cancelled and stopped
    "seen", "messages", "choice", "cancellation",
    # that two records are of one person or of two, by a named person, and undone by one
    "distinct", "merges", "undoing",
    # what a named person of a company answers to a referral, and takes back
    "answers", "undo",
    # models, rules and one's own session
    "evaluations", "promotion", "rollback", "session", "password", "second-factor", "token",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Province]:
    """A province of the test's own."""
    with a_province(tmp_path) as opened:
        yield opened


# No route ends a case without a named human


def _deciding(whole: Province) -> list[tuple[str, str]]:
    routes = [(method, path) for method, path, _ in writing_routes(whole.client.app)]
    return [(method, path) for method, path in routes if path.rpartition("/")[2] in ENDS_A_CASE]


def test_every_route_that_changes_something_is_known_to_decide_or_not(whole: Province) -> None:
    last = {path.rpartition("/")[2] for _, path, __ in writing_routes(whole.client.app)}
    assert last - ENDS_A_CASE - DECIDES_NOTHING == set(), "say here whether these end somebody's case"
    assert last >= ENDS_A_CASE
    assert len(_deciding(whole)) >= 7


PAGES_DECIDE_NOTHING = {
    # signing in and out, looking something up
    "sign-in", "sign-out", "password", "second-factor", "confirm", "search", "certificate", "identity",
    # what is registered, answered, stated, or done by people and taken back by them
    "new", "{group}", "answers", "acts", "undo", "services", "consents", "offline", "notes", "tasks", "step",
    "caseworker", "handovers", "planned", "{planned_id}", "{other_id}", "undoing", "plans", "steps", "change", "seen",
    "messages", "choice", "cancellation",
    "learning", "attendance", "completion", "facts", "claim", "dated",
    # how a person's own business stands, whom a coach saw, what was made public, how a training project was reviewed
    "ventures", "visits", "publicity", "reviews",
    # campaigns with their posts and whom people invited, places offered, what units promised and did
    "posts", "people", "offers", "ledger",
    # a claim, proposed, decided by another person than who proposed it, or taken back
    "claims", "withdrawal",
    # what a named person decides of a unit, vacancy, placement, rule book, model or account; it ends nobody's case
    "inspections", "decision", "approve", "send-back", "{placement_id}", "retire", "promotion", "rollback", "lock",
    "unlock",
    # a company's posts and record, what its named people answer to a referral, what an office saw of the company
    "check", "publish", "close", "edit", "quota", "sheet", "{name}", "{person}", "find", "verification",
}  # fmt: skip


def test_no_page_ends_a_case_and_every_list_says_that_people_decide_and_who_is_in_charge(whole: Province) -> None:
    last = {path.rpartition("/")[2] for method, path, _ in pages_of(whole.client.app) if method != "GET"}
    assert last - PAGES_DECIDE_NOTHING == set(), "say here whether these end somebody's case"
    with on_that_day():
        shown = Visitor(whole.client, whole.enter(Role.CASEWORKER, OTHER)).open(
            f"/people/{whole.theirs['candidate']}/list"
        )
    assert "不是决定" in shown.text
    assert "待核实不等于不符合" in shown.text
    assert "负责" in shown.text
    assert "申请人工复核" in shown.text


def _token(whole: Province, role: Role, scopes: frozenset[Action]) -> dict[str, str]:
    access: Any = whole.client.app.state.access  # type: ignore[attr-defined]  # the application is ours
    with whole.engine.begin() as connection:
        machines = Clients(connection, vault=access.vault, now=datetime.now(UTC))
        client, secret = machines.add("数据交换", office_id(OTHER), role, machine_scopes(role), by=COMMAND_LINE)
        written = " ".join(sorted(scopes))
        connection.execute(update(clients).where(clients.c.client_id == client.client_id).values(scopes=written))
    whole.client.cookies.clear()
    asked = {"grant_type": "client_credentials"}
    answer = whole.client.post(f"{V1}/oauth/token", data=asked, auth=(client.client_id, secret))
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _undecided(whole: Province) -> list[Any]:
    """Return how the other county's request, review and claim, and its vacancies and employers, stand."""
    with whole.engine.connect() as connection:
        found: list[Any] = [tuple(row) for row in connection.execute(select(person_requests.c.status))]
        found += [tuple(row) for row in connection.execute(select(claims.c.status))]
        for table in ("vacancy_approvals", "employer_verifications"):
            found.append((table, connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()))
    return found


def check_machine_ends_nothing(whole: Province) -> None:
    """Let machines of the county itself, with every scope that there is, try every decision."""
    before = _undecided(whole)
    assert before.count(("open",)) >= 2
    for role in (Role.CASEWORKER, Role.SUPERVISOR):
        for scopes, statuses in ((machine_scopes(role), {403}), (frozenset(Action), {403, 409, 422})):
            token = _token(whole, role, scopes)
            for purpose in ({}, *({"Yougang-Purpose": p} for p in ("persons_request", "benefit_decision"))):
                for method, path in _deciding(whole):
                    answer = whole.call(method, path, CALLS[method, path], whole.theirs, {**token, **purpose})
                    allowed = statuses | {404} if "/vacancies/" in path else statuses
                    assert answer.status_code in allowed, (role, purpose, method, path, answer.text)
    assert _undecided(whole) == before


def test_machine_ends_no_case_whatever_its_role_and_scopes(whole: Province) -> None:
    check_machine_ends_nothing(whole)


def test_no_machine_is_given_the_scope_to_decide() -> None:
    for role in Role:
        decides = {a for a in machine_scopes(role) if "decide" in a.value or "approve" in a.value or "erase" in a.value}
        assert decides == set(), role


def test_import_key_opens_nothing_but_imports(whole: Province) -> None:
    access: Any = whole.client.app.state.access  # type: ignore[attr-defined]  # the application is ours
    with whole.engine.begin() as connection:
        keys = ImportKeys(connection, vault=access.vault, now=datetime.now(UTC))
        _, key = keys.add("平台", office_id(OTHER), Role.SUPERVISOR, days=30, by=COMMAND_LINE)
    whole.client.cookies.clear()
    n_refused = 0
    for method, path, _ in routes_of(whole.client.app):
        call = CALLS.get((method, path))
        if call is None or path.startswith(f"{V1}/imports"):
            continue
        answer = whole.call(method, path, call, whole.theirs, {"X-API-Key": key})
        assert answer.status_code == 403, (method, path, answer.text)
        n_refused += 1
    assert n_refused > 50


DECISIONS = {"is_granted": False, "reason": "资料已核对，不符合删除条件"}


def check_decision_needs_a_reason(house: Service) -> None:
    """Refuse a review without a reason, with blanks for one, and with one."""
    asked = house.client.post(f"{V1}/candidates/{HERE}/reviews", json={"words": "太远"}, headers=by(house))
    path = f"{V1}/candidates/{HERE}/reviews/{asked.json()['request_id']}"
    for body in ({"is_granted": False}, {"is_granted": False, "reason": ""}, {"is_granted": False, "reason": " 　\n"}):
        answer = house.client.post(
            f"{path}/decision", json=body, headers={**by(house), "If-Match": asked.headers["ETag"]}
        )
        assert answer.status_code == 422, (body, answer.text)
    assert house.client.get(path, headers=by(house)).json()["status"] == "open"
    done = house.client.post(
        f"{path}/decision", json=DECISIONS, headers={**by(house), "If-Match": asked.headers["ETag"]}
    )
    assert (done.status_code, done.json()["status"], done.json()["decided_by"]) == (200, "refused", "here")
    kept = house.client.get(path, headers=by(house)).json()
    assert (kept["reason"], kept["words"], kept["decided_by"]) == (DECISIONS["reason"], "太远", "here")


def test_refused_review_says_who_refused_it_and_why(house: Service) -> None:
    check_decision_needs_a_reason(house)
    with house.engine.connect() as connection:
        rows = connection.execute(select(person_requests).where(person_requests.c.status != "open")).all()
    assert rows
    assert all(row.decided_by.startswith("user:") and row.decision and row.decided_at for row in rows)


@pytest.mark.parametrize("backend", BACKENDS)
def test_program_without_a_person_behind_it_decides_no_request_and_no_claim(backend: str, tmp_path: Path) -> None:
    with a_store(backend, tmp_path) as engine, engine.begin() as connection:
        a_person(connection, "c-1")
        requests = Requests(connection, PROGRAM, REVIEWS)
        subject = local_subject(Purpose.PERSONS_REQUEST)
        asked = requests.ask("c-1", Asked(RequestKind.REVIEW, TODAY), now=NOW)
        for answered in (Answered(False, "x"), Answered(False, "x", " "), Answered(False, " ", "赵丽")):
            for one in (requests, Requests(connection, subject, REVIEWS)):
                with pytest.raises(NamedPersonNeeded):
                    one.decide("c-1", asked["request_id"], answered, version=1, now=NOW, on=TODAY)
    with two_counties(backend, tmp_path) as at:
        with at.engine.begin() as connection:
            claim = ledger_of(at.here, connection).propose(rulebook(), a_proposal())
        machine = replace(at.here, user_id=None, client_id="m-1")
        for subject in (machine, PROGRAM, at.here):  # a machine, a job, and who proposed it
            with at.engine.begin() as connection, pytest.raises(ClaimRefused):
                ledger_of(subject, connection).decide(claim.claim_id, is_approved=False, ground="x", version=1)
        for ground in (None, "", "  "):
            with at.engine.begin() as connection, pytest.raises(ClaimRefused):
                ledger_of(at.colleague, connection).decide(claim.claim_id, is_approved=False, ground=ground, version=1)
        with at.engine.begin() as connection:
            done = ledger_of(at.colleague, connection).decide(
                claim.claim_id, is_approved=False, ground="重复", version=1
            )
        assert done is not None
        assert done.decided_by == f"user:{at.colleague.user_id}"


@pytest.fixture(params=BACKENDS)
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store with an open request."""
    with a_store(request.param, tmp_path) as engine:
        with engine.begin() as connection:
            a_person(connection, "c-1")
            Requests(connection, PROGRAM, REVIEWS).ask("c-1", Asked(RequestKind.REVIEW, TODAY), now=NOW)
        yield engine


def test_database_itself_refuses_a_decision_of_nobody_of_a_machine_or_without_a_word_why(asked: Engine) -> None:
    c = person_requests.c
    whole: Mapping[str, Any] = {"status": "refused", "decided_by": "user:1", "decided_at": NOW, "decision": "v1.k1.x"}
    for values in (
        {"status": "refused"},
        {**whole, "decided_by": None},
        {**whole, "decided_by": "client:1"},
        {**whole, "decision": None},
        {**whole, "decided_at": None},
    ):
        with pytest.raises(IntegrityError), asked.begin() as connection:
            noted(connection).execute(update(person_requests).values(values))
    with asked.connect() as connection:
        assert connection.execute(select(c.status)).scalars().all() == ["open"]


# Unknown is never shown as no


@dataclass(frozen=True)
class Newcomer:
    """Somebody of whom only the county is known, and the caseworker's headers."""

    candidate_id: str
    headers: dict[str, str]


def _a_newcomer(own: Province) -> Newcomer:
    headers = own.enter(Role.CASEWORKER, OTHER)
    sent = {**headers, "Idempotency-Key": str(uuid4())}
    answer = own.client.post(f"{V1}/candidates", json={"region": OTHER}, headers=sent)
    assert answer.status_code == 201, answer.text
    return Newcomer(answer.json()["candidate_id"], headers)


def check_unknown_is_in_every_list(own: Province) -> None:
    """Ask for the list of somebody nothing is known of, and for the people of each of some vacancies."""
    new = _a_newcomer(own)
    asked = {"as_of": DAY, "k": "200"}
    document = own.client.get(f"{V1}/candidates/{new.candidate_id}/shortlist", params=asked, headers=new.headers).json()
    assert len(document["items"]) >= 100
    assert document["excluded"] == []
    assert {item["outcome"] for item in document["items"]} == {"unknown"}
    for item in document["items"]:
        assert item["missing"]
        assert all(one["fact"] and one["who_can_supply"] for one in item["missing"])
    assert "待核实不等于不符合" in document["notice"]["text"]
    for item in document["items"][::15]:
        path = f"{V1}/vacancies/{item['vacancy_id']}/candidates"
        people = own.client.get(path, params={"as_of": DAY, "k": "100"}, headers=new.headers).json()
        found = [one for one in people["items"] if one["candidate_id"] == new.candidate_id]
        assert [(one["outcome"], bool(one["missing"])) for one in found] == [("unknown", True)], path


def test_person_of_whom_nothing_is_known_is_in_every_list_with_what_is_missing(own: Province) -> None:
    check_unknown_is_in_every_list(own)


def test_no_benefit_is_denied_for_a_fact_that_nobody_knows(own: Province) -> None:
    new = _a_newcomer(own)
    path = f"{V1}/candidates/{new.candidate_id}/benefits"
    found = own.client.get(path, headers=new.headers).json()["benefits"]
    assert len(found) >= 10
    assert Counter(item["outcome"] for item in found) == {"unknown": len(found)}


def _forgotten(person: Candidate) -> Candidate:
    """Return a person of whom everything was forgotten but the county."""
    return Candidate(candidate_id=person.candidate_id, region=person.region)


def test_forgetting_what_is_known_of_somebody_never_takes_a_vacancy_out_of_the_list(town: Town) -> None:
    casebook, desk = town.casebook(), town.desk()
    some = list(desk.active())[:12]
    forgotten = {i: _forgotten(person) if i in some else person for i, person in casebook.candidates.items()}
    blind = Desk.open(replace(casebook, candidates=forgotten), desk.model, desk.model_version, TODAY)
    n_no = 0
    for candidate_id in some:
        known, unknown = (one.document(candidate_id, k=500) for one in (desk, blind))
        n_no += sum(row["vacancies"] for row in known["excluded"])
        assert unknown["excluded"] == []
        assert {item["vacancy_id"] for item in known["items"]} <= {item["vacancy_id"] for item in unknown["items"]}
    assert n_no > 0, "nobody was told no to begin with: this shows nothing"


def test_every_no_says_why_and_where_it_is_written(town: Town) -> None:
    desk = town.desk()
    n_told = 0
    for candidate_id in list(desk.active())[:25]:
        document = desk.document(candidate_id, k=500)
        assert "not_met" not in {item["outcome"] for item in document["items"]}
        for row in document["excluded"]:
            assert row["vacancies"] > 0
            assert row["reason"]
            assert row["source"]
            n_told += 1
    assert n_told > 10


# The appeal, and the notice of it


def test_every_list_and_every_kept_list_tells_of_the_human_and_the_appeal(own: Province) -> None:
    new = _a_newcomer(own)
    path = f"{V1}/candidates/{new.candidate_id}/shortlist"
    made = own.client.get(path, params={"as_of": DAY}, headers=new.headers).json()
    kept = own.client.get(f"{V1}/shortlists/{made['run_id']}", headers=new.headers).json()
    people_path = f"{V1}/vacancies/{own.theirs['vacancy']}/candidates"
    people = own.client.get(people_path, params={"as_of": DAY}, headers=new.headers).json()
    for document in (made, kept, people):
        notice = document["notice"]
        assert notice["source"] == {"document": "个人信息保护法", "clause": "第二十四条"}
        assert "由工作人员与本人商量后决定" in notice["text"]
        assert "拒绝" in notice["refusal"]
        assert "复核" in notice["review"]
    for document in (made, kept):
        assert document["in_charge"]["person"] == f"caseworker-{OTHER}"


def test_appeal_is_kept_with_its_list_its_words_and_the_day_by_which_it_is_answered(own: Province) -> None:
    new = _a_newcomer(own)
    path = f"{V1}/candidates/{new.candidate_id}"
    run_id = own.client.get(f"{path}/shortlist", params={"as_of": DAY}, headers=new.headers).json()["run_id"]
    body = {"run_id": run_id, "words": "我能做这些", "asked_by": "guardian"}
    sent = {**new.headers, "Idempotency-Key": str(uuid4())}
    asked = own.client.post(f"{path}/reviews", json=body, headers=sent)
    assert asked.status_code == 201, asked.text
    (kept,) = own.client.get(f"{path}/reviews", headers=new.headers).json()["items"]
    assert (kept["about"], kept["words"], kept["asked_by"], kept["status"]) == (
        run_id,
        "我能做这些",
        "guardian",
        "open",
    )
    assert kept["due_on"] > kept["asked_on"]
    with own.engine.connect() as connection:
        stored = connection.execute(
            select(person_requests.c.words).where(person_requests.c.request_id == kept["request_id"])
        ).scalar_one()
    assert stored.startswith("v1.")
    assert "我能做" not in stored


def test_batch_tells_the_same_beside_its_lists(own_town: Town, yougang: Yougang, tmp_path: Path) -> None:
    assert yougang("batch", "--out", tmp_path / "out", "-k", "1", at=own_town).code == 0
    notice = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["notice"]
    assert notice["source"]["clause"] == "第二十四条"
    assert "复核" in notice["review"]
