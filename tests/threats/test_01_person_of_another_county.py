"""1 | I: caseworker of county A reads a person of county B by id.

Run *every* route with the other county's ids: 404, same body and timing class as a random id.
"""

from pipelines.access.roles import Role
from tests.api.test_matrix import ABSENT, CALLS, Province
from tests.support.service import Service
from tests.threats.doors import HERE, THERE, V1, body_of, by, statements


def check_other_county_is_nobody(house: Service) -> None:
    """Read a person of the other county, and one who is not there."""
    headers = by(house)
    assert house.client.get(f"{V1}/candidates/{HERE}", headers=headers).status_code == 200
    theirs = house.client.get(f"{V1}/candidates/{THERE}", headers=headers)
    nobody = house.client.get(f"{V1}/candidates/nobody", headers=headers)
    assert theirs.status_code == nobody.status_code == 404
    assert body_of(theirs) == body_of(nobody)


def test_person_of_another_county_is_answered_as_nobody(house: Service) -> None:
    check_other_county_is_nobody(house)


def test_every_route_answers_the_other_countys_ids_as_random_ones(whole: Province) -> None:
    headers = whole.enter(Role.CASEWORKER)
    n_asked = 0
    for (method, path), call in CALLS.items():
        if Role.CASEWORKER not in call.wrong_for or not call.names:
            continue
        theirs = whole.call(method, path, call, whole.theirs, headers)
        nobody = whole.call(method, path, call, ABSENT, headers)
        assert theirs.status_code in (403, 404), (method, path, theirs.text)
        assert (theirs.status_code, theirs.content) == (nobody.status_code, nobody.content), (method, path)
        n_asked += 1
    assert n_asked >= 30


def test_answers_for_another_countys_person_and_for_nobody_take_the_same_statements(whole: Province) -> None:
    # Time differs from run to run; what the database is asked decides it, and that has to be the same, step by step.
    headers = whole.enter(Role.CASEWORKER)
    for (method, path), call in CALLS.items():
        if call.names != {"candidate_id": "candidate"} or method != "GET":
            continue
        asked = []
        for objects in (whole.theirs, ABSENT):
            with statements(whole.client.app.state.access.engine) as seen:  # type: ignore[attr-defined]  # our application
                whole.call(method, path, call, objects, headers)
            asked.append(list(seen))
        assert asked[0] == asked[1], (method, path)
