"""4 | E: role change or transfer leaves old access alive.

Session of a moved caseworker loses access at the next request; token scope ∩ role checked live.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text, update

from pipelines.access.clients import Clients
from pipelines.access.organisations import office_id
from pipelines.access.roles import COMMAND_LINE, Action, Role
from pipelines.store.machine_tables import clients
from tests.support.accounts import the_accounts
from tests.support.service import OWN, Service
from tests.support.stores import noted
from tests.threats.doors import HERE, V1, by, there

PERSON = f"{V1}/candidates/{HERE}"


def check_moved_caseworker_is_out(house: Service) -> None:
    """Withdraw a role while its session is open."""
    headers = by(house)
    assert house.client.get(PERSON, headers=headers).status_code == 200
    with house.engine.begin() as connection:
        accounts = the_accounts(connection, datetime.now(UTC) - timedelta(seconds=1))
        accounts.withdraw(accounts.get("here").user_id, office_id(OWN), Role.CASEWORKER, by=COMMAND_LINE)
    assert house.client.get(PERSON, headers=headers).status_code == 401


def test_session_of_a_moved_caseworker_ends_at_the_next_request(house: Service) -> None:
    check_moved_caseworker_is_out(house)


def test_person_who_moves_to_another_county_is_gone_for_the_old_one_at_the_next_request(house: Service) -> None:
    headers = by(house)
    etag = house.client.get(PERSON, headers=headers).headers["ETag"]
    moved = house.client.patch(PERSON, json={"address": "新地址"}, headers={**headers, "If-Match": etag})
    assert moved.status_code == 200
    with house.engine.begin() as connection:
        noted(connection).execute(text("UPDATE candidates SET region = '620502' WHERE candidate_id = 'c-here'"))
    assert house.client.get(PERSON, headers=headers).status_code == 404
    assert house.client.get(PERSON, headers=there(house)).status_code == 200


def _token(house: Service, client_id: str, secret: str, scope: str) -> dict[str, str]:
    asked = {"grant_type": "client_credentials", "scope": scope}
    answer = house.client.post(f"{V1}/oauth/token", data=asked, auth=(client_id, secret))
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_token_opens_only_what_its_scope_its_client_and_its_role_all_allow(house: Service) -> None:
    scopes = (Action.READ_CANDIDATES, Action.READ_SERVICES)
    with house.engine.begin() as connection:
        machines = Clients(connection, vault=house.access.vault, now=datetime.now(UTC))
        client, secret = machines.add("数据交换", office_id(OWN), Role.CASEWORKER, scopes, by=COMMAND_LINE)
    house.client.cookies.clear()
    reading, narrow = (
        _token(house, client.client_id, secret, word) for word in ("candidates.read services.read", "services.read")
    )

    def answers(headers: dict[str, str]) -> tuple[int, int]:
        found = [house.client.get(path, headers=headers).status_code for path in (PERSON, f"{V1}/services")]
        return found[0], found[1]

    assert (answers(reading), answers(narrow)) == ((200, 200), (403, 200))
    with house.engine.begin() as connection:
        machines = Clients(connection, vault=house.access.vault, now=datetime.now(UTC))
        machines.limit(client.client_id, [Action.READ_SERVICES], by=COMMAND_LINE)
    assert answers(reading) == (403, 200)
    with house.engine.begin() as connection:
        noted(connection).execute(update(clients).values(role=Role.ANALYST.value))
    assert answers(reading) == (404, 403)
    with house.engine.begin() as connection:
        machines = Clients(connection, vault=house.access.vault, now=datetime.now(UTC))
        machines.disable(client.client_id, by=COMMAND_LINE)
    assert answers(reading) == (401, 401)
