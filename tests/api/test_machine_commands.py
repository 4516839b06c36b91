"""`yougang accounts client` and `import-key`: secrets shown once, and what was taken away is gone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings
from pipelines.access.audit import events
from pipelines.access.clients import Clients
from pipelines.access.errors import AccountRefused
from pipelines.access.import_keys import ImportKeys
from pipelines.access.vault import Vault
from pipelines.store.session import engine_for
from tests.api.test_account_commands import Office

AT = ("--organisation", "office-620102", "--role", "caseworker")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    opened = Office(f"sqlite:///{tmp_path / 'office.db'}")
    opened("first-administrator", "root-gs")
    return opened


def the(kind: type[Any], office: Office, act: Any) -> Any:
    keys = Settings.of(office.url).keys
    engine = engine_for(office.url, keys)
    with engine.begin() as connection:
        found = act(kind(connection, vault=Vault.read(keys), now=datetime.now(UTC)))
    engine.dispose()
    return found


def test_a_client_is_made_changed_over_and_shut(office: Office) -> None:
    made = office("client", "add", "平台", *AT, "--scope", "vacancies.read", "--scope", "vacancies.write")
    new = office("client", "rotate", made["client_id"], "--overlap-days", "0")

    def works(secret: str) -> bool:
        return the(Clients, office, lambda c: c.check(made["client_id"], secret)) is not None

    assert (works(made["client_secret"]), works(new["client_secret"])) == (False, True)
    assert office("client", "limit", made["client_id"], "--scope", "vacancies.read")["scopes"] == ["vacancies.read"]
    office("client", "disable", made["client_id"])
    assert not works(new["client_secret"])
    (listed,) = office("client", "list")["clients"]
    assert (listed["status"], "client_secret" in listed) == ("disabled", False)


def test_an_import_key_is_made_and_revoked(office: Office) -> None:
    made = office("import-key", "add", "报送", *AT, "--days", "30")
    assert the(ImportKeys, office, lambda keys: keys.current(made["key"])) is not None
    office("import-key", "revoke", made["key_id"])
    assert the(ImportKeys, office, lambda keys: keys.current(made["key"])) is None
    (listed,) = office("import-key", "list")["import_keys"]
    assert (listed["status"], listed["last_used_at"] is None, "key" in listed) == ("revoked", False, False)


def test_no_secret_is_in_the_audit(office: Office) -> None:
    secret = office("client", "add", "平台", *AT, "--scope", "vacancies.read")["client_secret"]
    text = office("import-key", "add", "报送", *AT)["key"]
    engine = engine_for(office.url)
    with engine.begin() as connection:
        told = str(list(events(connection)))
    engine.dispose()
    assert secret not in told
    assert text not in told


def test_programs_come_after_the_first_administrator(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'new.db'}")
    office("seed-gansu")
    with pytest.raises(AccountRefused):
        office("client", "add", "平台", *AT, "--scope", "vacancies.read")
