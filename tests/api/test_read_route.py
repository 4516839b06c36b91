"""Routes that look one thing up in one go: the guard's work is done there as everywhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from api.access import AccessDep, SubjectDep, declare, for_action, guard
from api.read_route import ReadRoute, _given
from pipelines.access.roles import Action, Purpose, Role
from tests.api.test_matrix import routes_of
from tests.support.service import OTHER, Service
from tests.support.stores import BACKENDS
from tests.threats.doors import HERE, THERE, V1, a_house, a_post, by

_READ = for_action(Action.READ_VACANCIES, Purpose.JOB_MATCHING)


@pytest.fixture(params=BACKENDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with a_house(tmp_path, request.param) as opened:
        yield opened


def in_one_go(house: Service) -> set[str]:
    """Return the addresses that are served so."""
    return {
        path
        for method, path, route in routes_of(house.app)
        if method == "GET"
        and isinstance(route, ReadRoute)
        and _given(route.endpoint, frozenset(route.param_convertors)) is not None
    }


def test_a_person_and_a_vacancy_are_read_in_one_go(house: Service) -> None:
    assert {f"{V1}/candidates/{{candidate_id}}", f"{V1}/vacancies/{{vacancy_id}}"} <= in_one_go(house)


def test_nothing_but_the_guard_comes_before_every_route(house: Service) -> None:
    # What else came there would be left out where a thing is read in one go.
    assert [one.dependency for one in house.app.router.dependencies] == [guard]


def test_who_is_not_signed_in_reads_nothing_there(house: Service) -> None:
    for path in in_one_go(house):
        answer = house.client.get(path.replace("{candidate_id}", HERE).replace("{vacancy_id}", "v-1"))
        assert answer.status_code == 401, path


def test_a_person_of_another_county_is_answered_as_nobody_there(house: Service) -> None:
    foreign = house.client.get(f"{V1}/candidates/{THERE}", headers=by(house))
    nobody = house.client.get(f"{V1}/candidates/c-nobody", headers=by(house))
    assert (foreign.status_code, nobody.status_code) == (404, 404)
    assert house.client.get(f"{V1}/candidates/{THERE}", headers=by(house, "there", code=OTHER)).status_code == 200


def test_a_role_that_may_not_read_is_told_so(house: Service) -> None:
    a_post(house.engine, "v-1")
    house.user("statistics", Role.ANALYST)
    answer = house.client.get(f"{V1}/vacancies/v-1", headers=by(house, "statistics", Role.ANALYST))
    assert answer.status_code in (403, 404)
    assert "v-1" not in answer.text
    assert house.client.get(f"{V1}/vacancies/v-1", headers=by(house)).status_code == 200


def test_a_route_that_declares_nothing_is_refused_there_as_well(house: Service) -> None:
    router = APIRouter(route_class=ReadRoute)

    @router.get("/api/v1/forgotten/{thing}")
    def forgotten(subject: SubjectDep, thing: str) -> Response:
        return JSONResponse({"thing": thing})

    house.app.include_router(router)
    assert f"{V1}/forgotten/{{thing}}" in in_one_go(house)
    assert house.client.get(f"{V1}/forgotten/x", headers=by(house)).status_code == 403


def test_what_asks_for_more_than_the_address_is_served_as_ever(house: Service) -> None:
    router = APIRouter(route_class=ReadRoute)

    @router.get("/api/v1/counted/{thing}")
    @declare(_READ)
    def counted(subject: SubjectDep, thing: str, n: Annotated[int, Query(ge=1)] = 1) -> Response:
        return JSONResponse({"thing": thing, "n": n})

    house.app.include_router(router)
    headers = by(house)
    assert house.client.get(f"{V1}/counted/x?n=3", headers=headers).json() == {"thing": "x", "n": 3}
    assert house.client.get(f"{V1}/counted/x?n=0", headers=headers).status_code == 422


def a(request: Request, access: AccessDep, subject: SubjectDep, thing: str) -> Response:
    raise NotImplementedError


def b(subject: SubjectDep, thing: int) -> Response:
    raise NotImplementedError


def c(subject: SubjectDep, thing: str) -> dict[str, Any]:
    raise NotImplementedError


@pytest.mark.parametrize(("endpoint", "goes"), [(a, True), (b, False), (c, False)])
def test_only_texts_of_the_address_and_who_asks_are_given_in_one_go(endpoint: Any, goes: bool) -> None:
    assert (_given(endpoint, frozenset({"thing"})) is not None) is goes
