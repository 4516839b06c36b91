"""A clock that was set back: what can no longer be put in order says so, and nothing is left hanging."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from pipelines.access.roles import Role
from pipelines.schema import CANDIDATES
from pipelines.store.repositories import TableRepository
from pipelines.store.uploads import UploadRepository
from tests.support.service import OWN, Service, a_service
from tests.support.stores import BACKENDS, PROGRAM, noted

LATER = datetime.now(UTC) + timedelta(days=2)


@pytest.fixture(params=BACKENDS)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with a_service(request.param, tmp_path) as opened:
        opened.user("worker", Role.SUPERVISOR)
        with opened.engine.begin() as connection:
            rows = [{"candidate_id": "c-own", "region": OWN}]
            TableRepository(noted(connection), CANDIDATES, PROGRAM).insert(rows)
        yield opened


def test_an_end_before_its_beginning_is_told_to_be_the_clock_and_changes_nothing(service: Service) -> None:
    path = "/api/v1/candidates/c-own/assignments"
    headers = {**service.enter("worker", Role.SUPERVISOR), "Idempotency-Key": str(uuid4())}
    begun = service.client.post(path, json={"organisation_id": f"office-{OWN}"}, headers=headers)
    assert begun.status_code == 201, begun.text
    with service.engine.begin() as connection:
        noted(connection).execute(text("UPDATE assignments SET since = :since"), {"since": LATER})
    headers["Idempotency-Key"] = str(uuid4())
    ended = service.client.post(f"{path}/{begun.json()['assignment_id']}/end", headers=headers)
    assert (ended.status_code, ended.json()["type"]) == (503, "/problems/clock-behind")
    kept = service.client.get(path, headers=headers).json()["items"]
    assert [one["ended_at"] for one in kept] == [None]


def test_an_import_over_which_the_clock_was_set_back_has_ended_all_the_same(service: Service) -> None:
    started = {"actor": "a", "table_name": "candidates", "is_dry_run": False, "state": "running", "started_at": LATER}
    with service.engine.begin() as connection:
        uploads = UploadRepository(noted(connection), PROGRAM)
        uploads.add({"upload_id": "u-1", **started})
        uploads.end("u-1", {"state": "done", "ended_at": datetime.now(UTC)}, None)
        found = uploads.get("u-1")
    assert found is not None
    assert (found["state"], found["ended_at"]) == ("done", LATER)
