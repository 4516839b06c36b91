"""Threat 24 at the door: a change says which version it read, or is refused."""

from collections.abc import Iterator

import pytest

from api.access import SubjectDep, for_action
from api.etags import IfMatchVersion, etag, stale
from pipelines.access.roles import Action, Purpose
from tests.support.builders import certificate_number
from tests.support.service import Service, a_service

PATH = "/api/v1/things"
CURRENT = 3


def change(_: SubjectDep, version: IfMatchVersion) -> dict[str, int]:
    if version != CURRENT:
        stale()
    return {"version": version + 1}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_service("sqlite", tmp_path_factory.mktemp("service"), accounts=False) as running:
        running.route("PUT", PATH, for_action(Action.WRITE_SERVICES, Purpose.JOB_MATCHING), change)
        yield running


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (etag(CURRENT), (200, None)),
        (f" {etag(CURRENT)} ", (200, None)),
        (etag(CURRENT - 1), (412, "/problems/stale-version")),
        (None, (428, "/problems/version-missing")),
        *((tag, (422, "/problems/version-malformed"))
          for tag in ("*", "3", 'W/"3"', '"3", "4"', '""', '"0"', '"x"', f'"{"9" * 19}"')),
    ],
)  # fmt: skip
def test_threat_24_a_change_names_the_current_version(
    service: Service, tag: str | None, expected: tuple[int, str | None]
) -> None:
    answer = service.client.put(PATH, headers={} if tag is None else {"If-Match": tag})
    assert (answer.status_code, answer.json().get("type")) == expected


def test_a_malformed_version_is_not_repeated(service: Service) -> None:
    canary = certificate_number()
    assert canary not in service.client.put(PATH, headers={"If-Match": canary}).text
