"""Model versions at both doors: what a version is made of, and who may let one answer that has not passed its gates."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from pipelines.access.roles import Role
from pipelines.registry import Registry
from pipelines.store.session import engine_for
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS, a_user, gansu_with_others, the_accounts
from tests.support.province import TODAY
from tests.support.quarter import SMALL
from tests.support.service import HOST, OWN, Service
from tests.support.stores import PROGRAM, noted

V1 = "/api/v1"
FAILED = {
    "gates": {
        "failed": ["recall"],
        "results": [{"id": "recall", "label": "召回率", "word": "未通过", "reason": "变差"}],
    }
}


@pytest.fixture
def service(own_town: Town) -> Iterator[Service]:
    engine = engine_for(own_town.url, KEYS)
    app = create_app(Settings(database_url=own_town.url, models=own_town.models, as_of=TODAY, keys=KEYS))
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        with engine.begin() as connection:
            gansu_with_others(noted(connection))
            a_user(connection, "first-admin", Role.ADMINISTRATOR, OWN)
            for login in ("maker", "other"):
                a_user(connection, login, Role.ANALYST, OWN)
        yield Service(engine, client, app)
    engine.dispose()


@pytest.fixture
def version(service: Service, own_town: Town) -> str:
    """A version of the maker's that has not passed its gates."""
    with service.engine.begin() as connection:
        registry, account = Registry(connection, own_town.models), the_accounts(connection).get("maker")
        model = registry.champion()[1]
        return registry.save(model, by=PROGRAM.by, card=FAILED, made_by=f"user:{account.user_id}").version


def promoted(service: Service, version: str, login: str, reason: str | None) -> Any:
    headers = {**service.enter(login, Role.ANALYST), "Idempotency-Key": str(uuid4())}
    body = None if reason is None else {"reason": reason}
    return service.client.post(f"{V1}/models/{version}/promotion", headers=headers, json=body)


@pytest.mark.parametrize(
    ("login", "reason", "kind"),
    [
        ("other", None, "promotion-refused"),
        ("maker", "已核实", "second-person-needed"),
        ("other", "", "invalid-request"),
    ],
)
def test_version_that_has_not_passed_its_gates_does_not_answer(
    service: Service, version: str, login: str, reason: str | None, kind: str
) -> None:
    refused = promoted(service, version, login, reason)
    assert refused.json()["type"] == f"/problems/{kind}"
    shown = service.client.get(f"{V1}/models/{version}/card", headers=service.enter("other", Role.ANALYST)).json()
    assert (shown["status"], shown["aliases"], shown["promotions"]) == ("candidate", ["challenger"], [])


def test_another_persons_written_reason_lets_it_answer_and_is_kept(service: Service, version: str) -> None:
    assert promoted(service, version, "other", "已逐项核实").status_code == 200
    shown = service.client.get(f"{V1}/models/{version}/card", headers=service.enter("maker", Role.ANALYST)).json()
    assert shown["aliases"] == ["champion"]
    act = shown["promotions"][0]
    assert (act["reason"], act["failed"]) == ("已逐项核实", ["recall"])
    assert act["by"].startswith("user:")
    assert act["by"] != shown["made_by"]


def test_version_of_a_training_alone_needs_another_persons_reason_at_every_door(
    service: Service, own_town: Town, yougang: Yougang
) -> None:
    with service.engine.begin() as connection:
        registry, account = Registry(connection, own_town.models), the_accounts(connection).get("maker")
        trained = registry.save(registry.champion()[1], by=PROGRAM.by, made_by=f"user:{account.user_id}").version
    assert yougang("models", "promote", trained, at=own_town).code == 4
    told = promoted(service, trained, "other", None)
    assert (told.status_code, told.json()["type"]) == (409, "/problems/promotion-refused")
    assert promoted(service, trained, "maker", "已核对").json()["type"] == "/problems/second-person-needed"
    assert promoted(service, trained, "other", "已逐份核对名单").status_code == 200
    shown = service.client.get(f"{V1}/models/{trained}/card", headers=service.enter("maker", Role.ANALYST)).json()
    assert (shown["card"], shown["promotions"][0]["failed"]) == (None, ["no_cycle"])
    assert shown["made_by"] == f"user:{account.user_id}"


def test_where_there_are_accounts_a_typed_name_is_no_second_person(
    service: Service, version: str, own_town: Town, yougang: Yougang
) -> None:
    said = yougang("models", "promote", version, "--despite", "理由", "--by", "李四", at=own_town)
    assert said.code == 2
    assert yougang("models", "promote", version, "--despite", "理由", at=own_town).code == 4


def test_the_command_runs_a_cycle_and_stops_for_a_decision(
    own_town: Town, yougang: Yougang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.quarter_commands.quarter_settings", lambda: SMALL)
    before = yougang("models", "--json", at=own_town).document["models"]
    out = tmp_path / "run"
    report = yougang("--json", "quarter", "--by", "甲", "--workers", "1", "--out", out, at=own_town).document
    version = report["version"]
    assert (out / "report.html").is_file()
    after = yougang("models", "--json", at=own_town).document["models"]
    assert [v["version"] for v in after if v["status"] == "champion"] == [
        v["version"] for v in before if v["status"] == "champion"
    ]
    assert yougang("models", "promote", version, at=own_town).code == 4
    assert yougang("models", "promote", version, "--despite", "首次", "--by", "甲", at=own_town).code == 4
    assert yougang("models", "promote", version, "--despite", "首次", "--by", "乙", at=own_town).code == 0
    shown = yougang("--json", "models", "show", version, at=own_town).document
    assert (shown["aliases"], shown["made_by"]) == (["champion"], "named:甲")
    assert shown["card"]["gates"]["failed"]
