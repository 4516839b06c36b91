"""2 | I: same through related objects.

Ledger notes, attachments, shortlist runs, exports, autocompletes, filter options, counts.

Generated matrix object × relation × role; counts equal a recomputation over the visible set.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.rates import PEOPLE, RateLimit
from pipelines.access.roles import Role
from tests.api.test_matrix import ABSENT, CALLS, OTHER, THEIRS, Call, Province
from tests.threats.doors import V1, a_province, add_case

_ALWAYS_NEW = {"run_id", "trace_id", "next_cursor"}
_OBJECTS = (
    "placement",
    "run",
    "upload",
    "consent",
    "request",
    "review",
    "claim",
    "assignment",
    "task",
    "merge",
    "plan",
    "enrolment",
)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Province]:
    """A province of the test's own, to which people of the other county are added."""
    with a_province(tmp_path) as opened:
        yield opened


def _without_the_new(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_the_new(held) for name, held in value.items() if name not in _ALWAYS_NEW}
    return [_without_the_new(held) for held in value] if isinstance(value, list) else value


def _heard(own: Province, role: Role) -> dict[str, Any]:
    """Return what somebody of this county is told by every list, report and count."""
    headers = own.enter(role)
    told = {}
    for (method, path), call in CALLS.items():
        if method != "GET" or "{" in path.removeprefix(V1).replace("{name}", "").replace("{vacancy_id}", ""):
            continue
        if path in (f"{V1}/audit", f"{V1}/imports"):
            continue  # an auditor's and an office's own acts, which go on
        objects = {**own.theirs, "report": "people"}
        plain = Call(names=call.names, query={"limit": "100"} if "{" not in path else {})
        answer = own.call(method, path, plain, objects, headers)
        told[path] = [answer.status_code, _without_the_new(json.loads(answer.text))]
    return told


@pytest.mark.parametrize("role", [Role.CASEWORKER, Role.SUPERVISOR, Role.COMPANY_POSTER])
def test_whoever_is_added_in_another_county_changes_no_list_count_or_report_of_this_one(
    own: Province, role: Role
) -> None:
    before = _heard(own, role)
    assert len(before) >= 8
    for number in range(12):
        add_case(own.engine, f"added-{number}", OTHER, own.theirs["vacancy"])
    access: Any = own.client.app.state.access  # type: ignore[attr-defined]  # the application is ours
    access.rates.people = RateLimit.of(PEOPLE)  # as an hour later: every list is asked for twice
    assert _heard(own, role) == before


@pytest.mark.parametrize("role", Role)
def test_no_relation_leads_to_an_object_of_the_other_county(whole: Province, role: Role) -> None:
    headers = whole.enter(role)
    for (method, path), call in CALLS.items():
        related = set(call.names.values()) & set(_OBJECTS)
        if not related or role not in call.wrong_for:
            continue
        for kind in related:
            # The other county's object beside a person of nobody's, and beside its own.
            for objects in ({**ABSENT, kind: whole.theirs[kind]}, whole.theirs):
                answer = whole.call(method, path, call, objects, headers)
                assert answer.status_code in (403, 404), (role, method, path, kind, answer.text)
                assert THEIRS not in answer.text
