"""Models as an analyst sees them: cards, gates, promotion by two people, drift, and the register for the public."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from pipelines.access.audit import events
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.quarter.run_list import note_elsewhere, runs_beside
from pipelines.quarter.runs import Run
from pipelines.registry import Registry
from pipelines.store.session import engine_for
from tests.support.accounts import KEYS, a_user, gansu_with_others, the_accounts
from tests.support.model_cards import a_card, a_challenger
from tests.support.pages import Read, Visitor, on_that_day
from tests.support.province import TODAY, a_copy
from tests.support.service import HOST, OWN, Service
from tests.support.stores import noted


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of its own, for its champion changes."""
    store = a_copy(tmp_path)
    engine = engine_for(store.url, KEYS)
    settings = Settings(
        database_url=store.url, models=store.models, as_of=TODAY, keys=KEYS, office="省残联就业处", contact="0931-12385"
    )
    with on_that_day(), TestClient(create_app(settings), base_url=HOST) as client:
        with engine.begin() as connection:
            gansu_with_others(noted(connection))
            a_user(connection, "first-admin", Role.ADMINISTRATOR, OWN)
            a_user(connection, "chief", Role.SUPERVISOR, OWN)
            a_user(connection, "caseworker", Role.CASEWORKER, OWN)
            for login in ("maker", "other"):
                a_user(connection, login, Role.ANALYST, OWN)
        yield Service(engine, client, client.app)  # type: ignore[arg-type]  # the application is ours
    engine.dispose()


def visitor(service: Service, login: str, role: Role = Role.ANALYST) -> Visitor:
    """Somebody signed in."""
    return Visitor(service.client, service.enter(login, role))


def made(service: Service, *, is_passed: bool, by: str = "maker") -> str:
    """Store a version that a cycle run by somebody made."""
    settings: Settings = service.app.state.keeper.settings
    with service.engine.begin() as connection:
        account = the_accounts(connection).get(by)
        registry = Registry(noted(connection), settings.models)
        return a_challenger(registry, is_passed=is_passed, made_by=f"user:{account.user_id}")


def champion(service: Service) -> str:
    with service.engine.connect() as connection:
        return Registry(connection, service.app.state.keeper.settings.models).in_use().version


def test_list_says_which_version_answers_and_which_waits_for_a_decision(service: Service) -> None:
    version = made(service, is_passed=False)
    told = visitor(service, "other").open("/models").text
    assert version in told
    assert "挑战者，待决定" in told
    assert "2 项核查未通过或需人工核实" in told
    assert "没有经过季度核查" in told


def test_card_tells_where_a_version_comes_from_and_how_each_group_fares(service: Service) -> None:
    version = made(service, is_passed=False)
    told = visitor(service, "other").open(f"/models/{version}").text
    for part in ("d" * 64, "0.1.0+abc", "维数 48", "250 人，120 个岗位，900 条互动", "2026-09-22", "maker"):
        assert part in told
    assert "0.3000［0.2500，0.3500］" in told
    assert "性别 女：变差" in told
    assert "没有测量" in told
    assert "female" not in told


def test_gates_not_passed_stand_first_each_with_its_grounds(service: Service) -> None:
    version = made(service, is_passed=False)
    told = visitor(service, "other").open(f"/models/{version}").text
    places = [told.index(text) for text in ("各人群的召回率的依据", "登记的水平的依据", "召回率不低于现用版本的依据")]
    assert places == sorted(places)


def test_version_that_passed_is_looked_at_once_more_and_answers_at_once(service: Service) -> None:
    before, version = champion(service), made(service, is_passed=True)
    who = visitor(service, "other")
    form = who.open(f"/models/{version}").form(f"/models/{version}/promotion")
    assert "reason" not in form.fields
    told = who.send_twice(form)
    assert "已启用" in told.text
    assert "启用（other）" in told.text
    assert champion(service) == version
    assert service.app.state.keeper.desk(TODAY).model_version == version
    back = who.send_twice(who.open("/models").form("/models/rollback"))
    assert "已恢复上一版本" in back.text
    assert champion(service) == before
    assert service.app.state.keeper.desk(TODAY).model_version == before


@pytest.mark.parametrize(
    ("login", "reason", "says"),
    [("other", "", "须由制作人以外"), ("maker", "已核实", "须由制作人以外"), ("other", "  ", "须由制作人以外")],
)
def test_failed_gates_are_overruled_by_a_second_person_with_a_reason_only(
    service: Service, login: str, reason: str, says: str
) -> None:
    before, version = champion(service), made(service, is_passed=False)
    who = visitor(service, login)
    form = who.open(f"/models/{version}").form(f"/models/{version}/promotion")
    told = who.send(form, 409, reason=reason)
    assert says in told.text
    assert champion(service) == before
    assert reason.strip() in told.text


def test_reason_of_the_second_person_is_kept_and_shown_to_all(service: Service) -> None:
    version = made(service, is_passed=False)
    who = visitor(service, "other")
    form = who.open(f"/models/{version}").form(f"/models/{version}/promotion")
    told = who.send_twice(form, reason="样本太少，已逐组人工核实")
    assert "理由：样本太少，已逐组人工核实" in told.text
    public = Visitor(service.client, {}).open("/register").text
    assert "样本太少，已逐组人工核实" in public
    assert "other" not in public


def test_version_that_no_cycle_gated_asks_for_a_reason_and_the_register_says_so(service: Service) -> None:
    settings: Settings = service.app.state.keeper.settings
    with service.engine.begin() as connection:
        account = the_accounts(connection).get("maker")
        registry = Registry(noted(connection), settings.models)
        trained = registry.save(registry.champion()[1], by=COMMAND_LINE, made_by=f"user:{account.user_id}").version
    address = f"/models/{trained}/promotion"
    maker = visitor(service, "maker")
    assert "您是这个版本的制作人" in maker.open(f"/models/{trained}").text
    other = visitor(service, "other")
    form = other.open(f"/models/{trained}").form(address)
    assert "reason" in form.fields
    refused = other.send(form, 409)
    assert "没有经过季度核查" in refused.text
    told = other.send_twice(other.open(f"/models/{trained}").form(address), reason="已逐份核对名单")
    assert "没有经过季度核查" in told.text
    public = Visitor(service.client, {}).open("/register").text
    assert "没有经过季度核查，需人工核实，由制作人以外的另一人写明理由" in public
    assert "已逐份核对名单" in public


def test_nothing_is_promoted_before_it_was_looked_at_again_and_what_was_typed_comes_back(service: Service) -> None:
    before, version = champion(service), made(service, is_passed=False)
    who, address = visitor(service, "other"), f"/models/{version}/promotion"
    asked = who.send(who.open(f"/models/{version}").form(address), reason="逐组核实过")
    for part in ("还没有启用", version, before, "各人群的召回率、登记的水平", "逐组核实过"):
        assert part in asked.text
    assert champion(service) == before
    back = who.send(asked.form(address), change="1")
    assert "逐组核实过" in back.text
    assert champion(service) == before


def test_going_back_is_looked_at_again_and_refused_where_another_went_back_meanwhile(service: Service) -> None:
    first, second, third = champion(service), made(service, is_passed=True), made(service, is_passed=True)
    who = visitor(service, "other")
    for version in (second, third):
        who.send_twice(who.open(f"/models/{version}").form(f"/models/{version}/promotion"))
    asked = who.send(who.open("/models").form("/models/rollback"))
    assert "还没有恢复" in asked.text
    assert (second in asked.text, champion(service)) == (True, third)
    who.send_twice(who.open("/models").form("/models/rollback"))
    assert champion(service) == second
    who.send(asked.form("/models/rollback"), 412, looked_again="1")
    assert champion(service) == second != first


def test_compare_puts_two_versions_measure_by_measure(service: Service) -> None:
    first, second = made(service, is_passed=True), made(service, is_passed=False)
    told = visitor(service, "other").open(f"/models/compare?left={first}&right={second}").text
    assert first in told
    assert second in told
    assert "按性别：召回率" in told
    without = visitor(service, "other").open("/models/compare")
    assert "有一个版本没有经过季度检验" in without.text


def drifted(who: Visitor) -> Read:
    """Open the drift again and again, as a browser without script does, until it is worked out."""
    until = time.monotonic() + 60
    while "正在统计" in (told := who.open("/models/drift?months=3")).text and time.monotonic() < until:
        time.sleep(0.2)
    return told


def test_drift_is_the_same_on_the_page_and_over_http(service: Service) -> None:
    page = drifted(visitor(service, "other")).text
    answer: dict[str, Any] = service.client.get(
        "/api/v1/models/drift?months=3", headers=service.enter("other", Role.ANALYST)
    ).json()
    assert answer["months"] == ["2026-08", "2026-09", "2026-10"]
    assert all(alert["text"] in page and alert["likely_cause"] in page for alert in answer["alerts"])
    assert all(label in page for label in answer["labels"].values())
    assert ("没有需要提示的变化" in page) == (not answer["alerts"])
    with service.engine.connect() as connection:
        assert any(row["object_id"] == "drift" for row in events(connection))


def test_runs_beside_the_models_are_listed_with_what_is_left_of_them(service: Service) -> None:
    who = visitor(service, "other")
    assert "还没有季度运行" in who.open("/models/runs").text
    folder = service.app.state.keeper.settings.models.parent / "quarters" / "2026-11-23"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(
        '{"head": {"as_of": "2026-11-23", "champion": "v0", "code": "c"}, "stages": {"extract": {}}}', encoding="utf-8"
    )
    assert "还差 9 步" in who.open("/models/runs").text
    told = who.open("/models/runs/2026-11-23").text
    assert "摘录数据：完成" in told
    assert "写报告：未完成" in told
    who.open("/models/runs/nobody", 404)


def _reported() -> dict[str, Any]:
    """Return a report as a cycle writes it, over lists with a place by lot and with a challenger beside."""
    card, point = a_card(is_passed=True), {"no_components": 48, "epochs": 12, "prior_strength": 100.0}
    measured = {"n_matched": 12, "ips": 0.25, "interval": [0.1, 0.4], "snips": 0.24}
    shadow = {
        "n_requests": 40,
        "days": 60,
        "challenger_wins": 7,
        "champion_wins": 5,
        "says": "分不出先后",
        "acted_by_place": {"1": 9, "10": 2},
        "by_lot": {"n_lists": 30, "days": 60, "challenger": measured, "champion": {"n_matched": 3, "because": "太少"}},
        "beside": {"n_requests": 21, "challenger_wins": 4, "champion_wins": 6, "says": "不足以下结论"},
    }
    return {
        "search": {"points": [{"point": point, "ndcg": 0.3, "n": 90}], "taken": point},
        "metrics": {"measures": {"overall": {"recall_difference": 0.0}}, "off_policy": card["off_policy"]},
        "shadow": shadow,
        "latency": {"n": 20, "p50_ms": 20.0, "p95_ms": 30.0},
        "gates": card["gates"],
    }


def test_run_says_what_history_and_the_tests_on_given_lists_tell(service: Service) -> None:
    folder = service.app.state.keeper.settings.models.parent / "quarters" / "2026-11-23"
    Run.open(folder, {"as_of": "2026-11-23", "champion": "v0", "code": "c"}).done("extract", [])
    (folder / "report.json").write_text(json.dumps(_reported()), encoding="utf-8")
    told = "".join(visitor(service, "other").open("/models/runs/2026-11-23").text.split())
    assert (
        "这个版本0.40000.39000.4000［0.3000，0.5000］" in told
    )  # as it is beside weighted by how likely it was to be seen
    assert "名单30份：每个岗位出现的可能性是已知的" in told
    assert "这个版本120.2500［0.1000，0.4000］0.2400" in told
    assert "太少" in told
    assert "同时询问过新版本的名单21份" in told
    assert "新版本胜4，现用版本胜6" in told


def test_a_run_that_was_put_elsewhere_is_listed_once_and_opens(service: Service, tmp_path: Path) -> None:
    models, folder = service.app.state.keeper.settings.models, tmp_path / "far" / "2026-11-23"
    Run.open(folder, {"as_of": "2026-11-23", "champion": "v0", "code": "c"}).done("extract", [])
    for _ in range(2):
        note_elsewhere(models, folder)
    note_elsewhere(models, models.parent / "quarters" / "own")
    who = visitor(service, "other")
    page = who.open("/models/runs").text
    assert page.count("还差 9 步") == 1
    assert str(tmp_path) not in page
    name = next(one.name for one in runs_beside(models))
    assert "摘录数据：完成" in who.open(f"/models/runs/{name}").text


def test_card_and_register_say_what_of_people_a_model_holds(service: Service) -> None:
    who = visitor(service, "other")
    with service.engine.connect() as connection:
        registry = Registry(connection, service.app.state.keeper.settings.models)
        version = registry.in_use()
        keeps = registry.load(version).keeps_people
    told = "以代号标示的个人向量" if keeps else "不存任何个人"
    assert told in who.open(f"/models/{version.version}").text
    assert told in who.open("/register").text


@pytest.mark.parametrize("address", ["/models", "/models/compare", "/models/runs", "/models/drift"])
def test_caseworkers_have_no_pages_of_models(service: Service, address: str) -> None:
    refused = visitor(service, "caseworker", Role.CASEWORKER).open(address, 403)
    assert not any(attributes.get("href", "").startswith("/models") for _, attributes in refused.tags)


def test_supervisors_read_models_and_promote_none(service: Service) -> None:
    version = made(service, is_passed=True)
    read = visitor(service, "chief", Role.SUPERVISOR).open(f"/models/{version}")
    assert not any(form.action.endswith("/promotion") for form in read.forms)


def test_register_is_open_to_everybody_and_linked_from_signing_in(service: Service) -> None:
    service.client.cookies.clear()
    nobody = Visitor(service.client, {})
    signing_in = nobody.open("/sign-in")
    assert ("a", {"href": "/register"}) in signing_in.tags
    told = nobody.open("/register").text
    for part in (
        "用途",
        "怎样排序",
        "局限",
        "省残联就业处",
        "0931-12385",
        "个人信息保护法第二十四条",
        champion(service),
    ):
        assert part in told


def test_register_says_when_no_model_is_in_use(tmp_path: Path) -> None:
    settings = Settings(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path / "models", TODAY, keys=KEYS)
    with TestClient(create_app(settings), base_url=HOST) as client:
        assert "还没有启用的模型" in Visitor(client, {}).open("/register").text
