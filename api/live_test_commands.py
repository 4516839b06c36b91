"""`yougang models lot | beside | live`: what is tried out on lists that people are given, off unless switched on."""

from typing import Annotated

import typer
from sqlalchemy import Connection

from api.model_commands import versions, who_acts
from api.session import answer, current_engine, session_of
from pipelines.access.audit import record
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, program_subject
from pipelines.casebook import load_casebook
from pipelines.live_tests import LiveTests
from pipelines.quarter.live import beside_report
from pipelines.quarter.settings import quarter_settings
from pipelines.registry import Registry
from pipelines.store.run_log import RunLog

__all__ = ["versions"]  # with what is added to it here

Share = Annotated[float | None, typer.Option("--share", help="参与的名单比例")]
Seed = Annotated[int, typer.Option("--seed", help="随机种子：哪些名单参与、抽到哪一个，凭它可以重算")]
Reason = Annotated[str, typer.Option("--reason", help="为什么启用")]
Login = Annotated[str | None, typer.Option("--login", help="启用人的登录名；口令和动态口令随后输入")]
Name = Annotated[str | None, typer.Option("--by", help="还没有账号的数据库：启用人的姓名")]
Off = Annotated[bool, typer.Option("--off", help="停用")]


@versions.command("lot")
def models_lot(
    context: typer.Context,
    share: Share = None,
    seed: Seed = 20221104,
    reason: Reason = "",
    off: Off = False,
    login: Login = None,
    name: Name = None,
) -> None:
    """让一小部分名单的第10位由抽签决定（同一档次、同样可推荐的岗位之中），并告知经办人；默认不启用。"""
    _switch(context, "lot", _share(share, off), seed, reason, login, name)


@versions.command("beside")
def models_beside(
    context: typer.Context,
    share: Share = None,
    seed: Seed = 20221104,
    reason: Reason = "",
    off: Off = False,
    login: Login = None,
    name: Name = None,
) -> None:
    """有人要名单时同时询问新版本并记下，只出示现用版本的名单；默认不启用。"""
    _switch(context, "shadow", _share(share, off), seed, reason, login, name)


def _share(share: float | None, off: bool) -> float | None:
    if (share is None) != off:
        raise typer.BadParameter("写明参与的比例，或用 --off 停用，二者择一", param_hint="--share")
    return share


def _switch(
    context: typer.Context,
    test: str,
    share: float | None,
    seed: int,
    reason: str,
    login: str | None,
    name: str | None,
) -> None:
    by, said_by, _ = who_acts(context, login, name)
    with current_engine(context).begin() as connection:
        registry = Registry(connection, session_of(context).settings.models)
        version = registry.switch(test, share, seed=seed, by=by, said_by=said_by, reason=reason)
        tests = registry.answering()[2]
        said = _words(connection, version.version, tests)
    answer(context, {"version": version.version, **_told(tests)}, lambda: said)


@versions.command("live")
def models_live(context: typer.Context) -> None:
    """现在启用了哪些试验，新版本与现用版本在实际请求上的对照结果。"""
    with current_engine(context).begin() as connection:
        registry = Registry(connection, session_of(context).settings.models)
        version, _, tests = registry.answering()
        subject = program_subject("quarter", Purpose.MODEL_TRAINING)
        casebook = load_casebook(connection, subject).learnable()
        requests = [
            one
            for one in RunLog(connection, subject).shown(until=session_of(context).settings.as_of)
            if one.candidate_id in casebook.candidates
        ]
        record(connection, subject.by, Action.READ_MODELS.value, object_kind="model", object_id=version)
        said = _words(connection, version, tests)
    settings = quarter_settings()
    beside = beside_report(casebook.interactions, requests, days=settings.shadow_days, seed=settings.seed)
    n_by_lot = sum(one.by_lot is not None for one in requests)
    document = {"version": version, **_told(tests), "n_by_lot": n_by_lot, "report": beside}
    lines = [
        *said,
        f"已有 {n_by_lot} 份名单有一位由抽签决定（估计见季度报告）",
        f"已有 {beside['n_requests']} 份名单同时询问了新版本：新版本胜 {beside['challenger_wins']}，"
        f"现用版本胜 {beside['champion_wins']}。{beside['says']}",
    ]
    answer(context, document, lambda: lines)


def _told(tests: LiveTests) -> dict[str, object]:
    return {
        "by_lot": None if tests.lot is None else tests.lot.as_dict(),
        "beside": None if tests.shadow is None else tests.shadow.as_dict(),
        "challenger": None if tests.challenger is None else tests.challenger[0],
    }


def _words(connection: Connection, version: str, tests: LiveTests) -> list[str]:
    lot, shadow = tests.lot, tests.shadow
    names = actor_names(connection, [one.by for one in (lot, shadow) if one is not None])
    said = [f"现用版本 {version}"]
    said.append(
        "抽签：未启用"
        if lot is None
        else f"抽签：{lot.share:.0%} 的名单，种子 {lot.seed}，{names[lot.by]}：{lot.reason}"
    )
    said.append(
        "同时询问新版本：未启用"
        if shadow is None or tests.challenger is None
        else f"同时询问新版本 {tests.challenger[0]}：{shadow.share:.0%} 的名单，{names[shadow.by]}：{shadow.reason}"
    )
    return said
