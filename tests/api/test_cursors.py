"""Cursors: good for the next page of the same question to the same subject, and for nothing else."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from api.access import SubjectDep, for_action
from api.cursors import PageDep
from pipelines.access.organisations import Organisation, Organisations, office_id
from pipelines.access.roles import COMMAND_LINE, Action, OrganisationId, OrganisationKind, Purpose, Role
from tests.support.builders import certificate_number
from tests.support.service import OTHER, OWN, Service, a_service

READING = for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING)
PATH = "/api/v1/things"
LAST = ("c-1", 7, date(2026, 11, 23), datetime(2026, 11, 23, 8, tzinfo=UTC))


def listed(page: PageDep, subject: SubjectDep, kind: str = "", other: str | None = None) -> dict[str, Any]:
    filters = {"kind": kind, "other": other}
    after = page.after(subject, filters)
    return {"after": repr(after), "next": page.next(subject, filters, LAST), "limit": page.limit}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with a_service("sqlite", tmp_path) as running:
        running.route("GET", PATH, READING, listed)
        running.route("GET", f"{PATH}/2", READING, listed)
        running.user("liwei", Role.CASEWORKER)
        yield running


@pytest.fixture
def headers(service: Service) -> dict[str, str]:
    return service.enter("liwei", Role.CASEWORKER)


def test_a_cursor_stands_for_the_row_after_which_the_next_page_begins(
    service: Service, headers: dict[str, str]
) -> None:
    first = service.client.get(PATH, params={"kind": "a"}, headers=headers).json()
    assert (first["after"], first["limit"]) == ("None", 20)
    again = service.client.get(PATH, params={"kind": "a", "cursor": first["next"], "limit": 100}, headers=headers)
    assert (again.json()["after"], again.json()["limit"]) == (repr(LAST), 100)


def test_a_cursor_shows_nothing_of_the_row(service: Service, headers: dict[str, str]) -> None:
    assert "c-1" not in service.client.get(PATH, headers=headers).json()["next"]


def refused(service: Service, headers: dict[str, str], path: str = PATH, **params: str) -> bool:
    answer = service.client.get(path, params=params, headers=headers)
    return (answer.status_code, answer.json().get("type")) == (422, "/problems/cursor-refused")


def test_a_cursor_of_another_question_is_refused(service: Service, headers: dict[str, str]) -> None:
    cursor = service.client.get(PATH, params={"kind": "a"}, headers=headers).json()["next"]
    assert not refused(service, headers, kind="a", cursor=cursor)
    assert refused(service, headers, kind="b", cursor=cursor)
    assert refused(service, headers, kind="a", other="", cursor=cursor)
    assert refused(service, headers, f"{PATH}/2", kind="a", cursor=cursor)


def test_a_cursor_of_another_subject_is_refused(service: Service, headers: dict[str, str]) -> None:
    cursor = service.client.get(PATH, headers=headers).json()["next"]
    for login, code in (("wangfang", OWN), ("zhaoli", OTHER)):
        service.user(login, Role.CASEWORKER, code)
        assert refused(service, service.enter(login, Role.CASEWORKER, code), cursor=cursor)
    assert refused(service, {**headers, "Yougang-Purpose": "contact"}, cursor=cursor)


def test_a_cursor_ends_with_the_scope_that_it_was_made_in(service: Service, headers: dict[str, str]) -> None:
    cursor = service.client.get(PATH, headers=headers).json()["next"]
    with service.engine.begin() as connection:
        town = Organisation(OrganisationId("town"), OrganisationKind.TOWNSHIP, "某镇", office_id(OWN))
        Organisations(connection).add(town, ["620102001"], by=COMMAND_LINE)
    assert refused(service, headers, cursor=cursor)


@pytest.mark.parametrize("change", ["head", "middle", "tail", "key", "empty", "text", "padding"])
def test_a_forged_cursor_is_refused_and_not_repeated(service: Service, headers: dict[str, str], change: str) -> None:
    cursor: str = service.client.get(PATH, headers=headers).json()["next"]
    canary, middle = certificate_number(), len(cursor) // 2
    swapped = "A" if cursor[middle] != "A" else "B"
    forged = {
        "head": cursor[:3] + ("A" if cursor[3] != "A" else "B") + cursor[4:],
        "middle": cursor[:middle] + swapped + cursor[middle + 1 :],
        "tail": cursor[:-4],
        "key": f"k9{cursor[2:]}",
        "empty": "",
        "text": canary,
        "padding": f"{cursor}====",
    }[change]
    answer = service.client.get(PATH, params={"cursor": forged}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/cursor-refused")
    assert canary not in answer.text


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_page_has_at_most_a_hundred_rows(service: Service, headers: dict[str, str], limit: str) -> None:
    assert service.client.get(PATH, params={"limit": limit}, headers=headers).status_code == 422


def test_a_cursor_outlives_a_change_of_keys(service: Service, headers: dict[str, str]) -> None:
    cursor = service.client.get(PATH, headers=headers).json()["next"]
    vault = service.access.vault
    service.access.vault = type(vault)({"k2": b"2" * 32, **vault.keys})
    assert not refused(service, headers, cursor=cursor)
    service.access.vault = type(vault)({"k2": b"2" * 32})
    assert refused(service, headers, cursor=cursor)
