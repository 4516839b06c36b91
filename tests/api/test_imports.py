"""Sheets over HTTP: what became of them, rejected rows to mend, and who may send and see them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from pipelines.access.roles import Role
from pipelines.store.tables import CASE_TABLES
from pipelines.store.upload_tables import uploads
from tests.support.builders import certificate_number
from tests.support.service import OTHER, Service, a_service
from tests.support.stores import BACKENDS

IMPORTS = "/api/v1/imports"
CANARY = certificate_number()


@pytest.fixture(scope="module", params=BACKENDS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_service(request.param, tmp_path_factory.mktemp("service")) as running:
        running.user("liwei", Role.CASEWORKER)
        running.user("others", Role.CASEWORKER, OTHER)
        running.user("poster", Role.COMPANY_POSTER)
        yield running


@pytest.fixture
def worker(service: Service) -> dict[str, str]:
    return service.enter("liwei", Role.CASEWORKER)


def send(service: Service, headers: dict[str, str], text: str | bytes, table: str = "candidates", **more: Any) -> Any:
    name, key = more.pop("name", "sheet.csv"), more.pop("key", str(uuid4()))
    content = text.encode() if isinstance(text, str) else text
    return service.client.post(
        f"{IMPORTS}/{table}", files={"file": (name, content)}, data=more, headers={**headers, "Idempotency-Key": key}
    )


def stored(service: Service, prefix: str) -> list[str]:
    c = CASE_TABLES["candidates"].c.candidate_id
    with service.engine.connect() as connection:
        return sorted(connection.execute(select(c).where(c.startswith(prefix))).scalars())


def test_rows_that_cannot_be_taken_are_rejected_alone_and_handed_out_masked_and_inert(
    service: Service, worker: Any
) -> None:
    sheet = f"candidate_id,region,grade,phone\na-1,620102,2,\na-2,620102,9,\na-3,620102,=1+1,\n{CANARY},620102,,\n"
    answer = send(service, worker, sheet)
    told = answer.json()
    assert (answer.status_code, told["state"], told["dry_run"]) == (201, "done", False)
    assert [told[name] for name in ("read", "accepted", "unchanged", "rejected")] == [4, 1, 0, 3]
    assert stored(service, "a-") == ["a-1"]
    path = f"{IMPORTS}/{told['import_id']}"
    assert service.client.get(path, headers=worker).json() == told
    rejects = service.client.get(f"{path}/rejects", headers=worker)
    assert rejects.headers["content-type"] == "text/csv; charset=utf-8"
    lines = rejects.text.lstrip("\ufeff").splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["3", "grade", "9"], ["4", "grade", "'=1+1"], ["5", "candidate_id", "***"],
    ]  # fmt: skip
    assert CANARY not in rejects.text
    with service.engine.connect() as connection:
        kept = connection.execute(select(uploads.c.rejects).where(uploads.c.upload_id == told["import_id"])).scalar()
    assert "grade" not in str(kept)


def test_rows_of_another_county_are_rejected_alone(service: Service, worker: Any) -> None:
    told = send(service, worker, f"candidate_id,region\nb-1,620102\nb-2,{OTHER}\n").json()
    assert (told["state"], told["accepted"], told["rejected"]) == ("done", 1, 1)
    assert stored(service, "b-") == ["b-1"]


def test_the_same_request_once_more_is_the_same_import(service: Service, worker: Any) -> None:
    sheet, key = "candidate_id,region\nc-1,620102\n", str(uuid4())
    first, second = (send(service, worker, sheet, key=key) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    other_file = send(service, worker, sheet + "c-2,620102\n", key=key)
    assert (other_file.status_code, other_file.json()["type"]) == (422, "/problems/idempotency-key-refused")
    assert stored(service, "c-") == ["c-1"]
    again = send(service, worker, sheet).json()
    assert (again["accepted"], again["unchanged"]) == (0, 1)


def test_a_dry_run_says_what_would_be_and_writes_nothing(service: Service, worker: Any) -> None:
    told = send(service, worker, "candidate_id,region\nd-1,620102\n", dry_run="true").json()
    assert (told["dry_run"], told["accepted"]) == (True, 1)
    assert stored(service, "d-") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [("sheet.csv", b"\x00\xff" * 999), ("sheet.xlsx", b"PK\x03\x04not a workbook"), ("sheet.csv", b""),
     ("sheet.csv", f"{CANARY},x\n1,2\n".encode())],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_an_import_that_says_so_and_repeats_nothing(
    service: Service, worker: Any, name: str, content: bytes
) -> None:
    answer = send(service, worker, content, name=name)
    assert (answer.status_code, answer.json()["state"]) == (201, "unreadable")
    assert answer.json()["ended_at"] is not None
    assert CANARY not in answer.text
    assert service.client.get(f"{IMPORTS}/{answer.json()['import_id']}/rejects", headers=worker).status_code == 404


@pytest.mark.parametrize("more", [{"name": "sheet.xlsm"}, {"name": "sheet"}, {"mapping": "../../etc/passwd"}])
def test_other_kinds_of_file_and_mappings_that_are_not_shipped_are_refused(
    service: Service, worker: Any, more: dict[str, str]
) -> None:
    answer = send(service, worker, "candidate_id\ne-1\n", **more)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/upload-refused")
    assert "passwd" not in answer.text


def test_an_import_is_seen_by_the_organisation_that_sent_it_only(service: Service, worker: Any) -> None:
    told = send(service, worker, "candidate_id,region,grade\nf-1,620102,9\n").json()
    other, path = service.enter("others", Role.CASEWORKER, OTHER), f"{IMPORTS}/{told['import_id']}"
    assert [service.client.get(p, headers=other).status_code for p in (path, f"{path}/rejects")] == [404, 404]
    assert told["import_id"] not in service.client.get(IMPORTS, params={"limit": 100}, headers=other).text
    assert service.client.get(IMPORTS, headers=worker).json()["items"][0] == told


def test_threat_17_a_company_sends_no_sheet_past_the_check_of_its_vacancies(service: Service) -> None:
    poster = service.enter("poster", Role.COMPANY_POSTER)
    sheet = "vacancy_id,title\nv-1,文员\n"
    assert send(service, poster, sheet, "vacancies").status_code == 403
    assert send(service, poster, sheet, "candidates", dry_run="true").status_code == 403
    assert send(service, poster, sheet, "vacancies", dry_run="true").json()["dry_run"] is True
