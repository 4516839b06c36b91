"""Ranked lists and what would change them: `yougang shortlist`, `candidates-for`, `unlock`, `courses`, `batch` …"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.balance_commands import balance_document, balance_lists, balance_words, unbalance_lists
from api.command_desk import desk_of, note, note_people
from api.engine_options import EngineName, Scheduler, TlsCa, TlsCert, TlsKey, Workers, cluster_of, engine_of
from api.progress import Progress
from api.session import answer, current_engine, session_of
from pipelines.access.roles import Action
from pipelines.batch import run_batch
from pipelines.course_gaps import course_gaps, gap_lines
from pipelines.documents import document_lines, held_up_words, person_lines, shown_document
from pipelines.recourse import recourse, recourse_lines
from pipelines.store.repositories import RunRepository


def shortlist(
    context: typer.Context,
    candidate_id: Annotated[str, typer.Argument(help="求职者编号")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="列出几个")] = 20,
) -> None:
    """为一位求职者列出排好序、有理由的岗位。"""
    with current_engine(context).begin() as connection:
        document = desk_of(context, connection).document(candidate_id, k=k)
        note(connection, Action.READ_SHORTLIST, "candidate", candidate_id)
        RunRepository(connection).save_document(document)
    document = shown_document(document)
    answer(context, document, lambda: document_lines(document))


def candidates_for(
    context: typer.Context,
    vacancy_id: Annotated[str, typer.Argument(help="岗位编号")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="列出几位")] = 20,
) -> None:
    """为一个岗位列出求职者。"""
    with current_engine(context).begin() as connection:
        document = desk_of(context, connection).candidates_for(vacancy_id, k=k)
        note(connection, Action.READ_CANDIDATES, "vacancies", vacancy_id, len(document["items"]))
        note_people(connection, Action.READ_SHORTLIST, [item["candidate_id"] for item in document["items"]])
    answer(context, document, lambda: _candidates_lines(document))


def _candidates_lines(document: dict[str, Any]) -> list[str]:
    counts = document["counts"]
    lines = [f"岗位 {document['vacancy_id']}：在册 {counts['active']} 人，可推荐 {counts['ranked']} 人"]
    for item in document["items"]:
        lines += person_lines(item)
    lines += [f"不列入 {entry['candidates']} 人：{entry['reason']}" for entry in document["excluded"]]
    return lines


def unlock(context: typer.Context, candidate_id: Annotated[str, typer.Argument(help="求职者编号")]) -> None:
    """补上哪项信息、证书、课程或便利，能多打开多少岗位。"""
    with current_engine(context).begin() as connection:
        document = desk_of(context, connection).unlock(candidate_id)
        note(connection, Action.READ_CANDIDATES, "candidate", candidate_id)
    answer(context, document, lambda: _unlock_lines(document))


def courses_command(context: typer.Context, candidate_id: Annotated[str, typer.Argument(help="求职者编号")]) -> None:
    """本人的技能和证书离名单上的岗位还差什么，哪门课程能补上，补贴多少，能多打开多少岗位。"""
    with current_engine(context).begin() as connection:
        document = course_gaps(desk_of(context, connection), candidate_id)
        note(connection, Action.READ_CANDIDATES, "candidate", candidate_id)
    answer(context, document, lambda: gap_lines(document))


def recourse_command(
    context: typer.Context,
    candidate_id: Annotated[str, typer.Argument(help="求职者编号")],
    vacancy_id: Annotated[str, typer.Argument(help="岗位编号")],
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="进入前几位")] = 10,
) -> None:
    """要让这个岗位进入本人名单的前几位，哪些可以改变的事要改变。"""
    with current_engine(context).begin() as connection:
        document = recourse(desk_of(context, connection), candidate_id, vacancy_id, k=k)
        note(connection, Action.READ_CANDIDATES, "candidate", candidate_id)
    answer(context, document, lambda: recourse_lines(document))


def _unlock_lines(document: dict[str, Any]) -> list[str]:
    lines = [f"求职者 {document['candidate_id']}"]
    for who in dict.fromkeys(fact["who_can_supply"] for fact in document["facts"]):
        lines.append(f"  可由{who}提供：")
        lines += [_fact_line(fact) for fact in document["facts"] if fact["who_can_supply"] == who]
    lines += [f"  证书 {e['label']}：{e['vacancies']} 个岗位" for e in document["licences"]]
    lines += [f"  便利 {a['label']}：{a['vacancies']} 个岗位（{a['who_pays']}）" for a in document["accommodations"]]
    return lines if len(lines) > 1 else [*lines, "  没有待补的信息或便利"]


def _fact_line(fact: dict[str, Any]) -> str:
    """Say what a fact holds up, and by name the benefits that it settles alone."""
    settled = "、".join(benefit["title"] for benefit in fact["benefits"] if benefit["decides"])
    return f"    {fact['label']}：{held_up_words(fact)}" + (f"；知道了就能定：{settled}" if settled else "")


def batch(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="写到哪个文件夹")] = None,
    engine: EngineName = "local",
    k: Annotated[int, typer.Option("-k", min=1, max=1000)] = 50,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="每行写出理由、缺项和便利（单人名单随时可查，默认不写）")
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    even: Annotated[
        bool, typer.Option("--balance", help="先按空缺数均衡（同 balance 命令，单人名单也随之顺延）")
    ] = False,
) -> None:
    """为所有求职者生成推荐名单。"""
    works = engine_of(cluster_of(engine, workers, scheduler, tls_ca, tls_cert, tls_key), workers)
    settings = session_of(context).settings
    folder = out or Path("var") / "batch" / settings.as_of.isoformat()
    progress = Progress("已完成")
    with current_engine(context).begin() as connection:
        desk = desk_of(context, connection)
        if even:
            balance_lists(connection, desk, Progress("已看名单"))
            desk = desk_of(context, connection)
        note(connection, Action.READ_SHORTLIST, "batch", count=len(desk.active()))
        note_people(connection, Action.READ_SHORTLIST, desk.active())
    report = run_batch(desk, folder, k=k, with_reasons=reasons, engine=works, progress=progress)
    progress.end()
    document = json.loads(json.dumps(asdict(report), default=str))
    answer(context, document, lambda: [f"{report.n_candidates} 人，{report.n_lines} 行，写入 {report.folder}"])


def balance(
    context: typer.Context,
    off: Annotated[bool, typer.Option("--off", help="取消均衡，岗位不再顺延，人不再提前")] = False,
) -> None:
    """均衡全部名单：过于集中的岗位同样顺延；同等合意的人同等露出，各人群前后相差和代价一并列出。"""
    with current_engine(context).begin() as connection:
        if off:
            unbalance_lists(connection)
            answer(context, {"stepping_back": 0}, lambda: ["已取消均衡"])
            return
        desk = desk_of(context, connection)
        progress = Progress("已看名单")
        document = balance_document(balance_lists(connection, desk, progress), desk)
        progress.end()
    answer(context, document, lambda: balance_words(document))
