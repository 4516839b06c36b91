"""The command line: `yougang [--db URL] [--as-of DATE] [--json] COMMAND`.

Standard output holds the answer, standard error progress and messages. Exit codes: 0 done; 1 a check did not hold;
2 usage; 3 done, some rows were rejected; 4 refused. An error is one line in plain words.
"""

import json
import logging
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from typer.exceptions import TyperException

import api.live_test_commands  # noqa: F401  adds its commands to `models`
from api.account_commands import accounts
from api.balance_commands import balance_document, balance_lists, balance_words, unbalance_lists
from api.benefit_commands import benefits, quota_command
from api.duplicate_commands import duplicates
from api.duty_commands import due
from api.engine_options import EngineName, Scheduler, TlsCa, TlsCert, TlsKey, Workers, cluster_of, engine_of
from api.exchange_commands import exchange
from api.handover_commands import handovers
from api.initiative_commands import initiatives, offers
from api.message_commands import messages
from api.model_commands import versions, who_acts
from api.notice_commands import notices
from api.operation_commands import backup_command, restore_command, serve
from api.person_commands import erase, extract, retention
from api.plan_commands import plan_work, plans, publicity, ventures
from api.quarter_commands import drift_command, quarter
from api.release_commands import add_release_commands
from api.report_commands import reports
from api.rule_commands import rules
from api.session import Session, answer, current_engine, say, session_of
from api.settings import Settings, is_debug
from api.task_commands import tasks
from api.usage import usage_line
from matching.errors import MatchingError
from models.errors import ArtefactMismatch, ModelError
from pipelines.access.audit import record, record_each
from pipelines.access.roles import Action, program_subject
from pipelines.batch import run_batch
from pipelines.casebook import Casebook, load_casebook
from pipelines.consistency import check
from pipelines.course_gaps import course_gaps, gap_lines
from pipelines.desk import Desk
from pipelines.documents import document_lines, held_up_words, person_lines, shown_document
from pipelines.engines.features import FeatureRows
from pipelines.errors import PipelineError
from pipelines.evaluate import EvaluateConfig, evaluate
from pipelines.export import export
from pipelines.ingest import IngestReport, ingest
from pipelines.plan_schema import IMPORTED
from pipelines.ranking_model import RankingModel
from pipelines.readings import refresh_texts
from pipelines.recourse import recourse, recourse_lines
from pipelines.registers.errors import RowRefused
from pipelines.registers.uploads import READS
from pipelines.registry import NoModel, Registry
from pipelines.retraining import retraining_gate
from pipelines.sources.mapping import Mapping as SheetMapping
from pipelines.sources.quality import LABELS as NOTE_LABELS
from pipelines.store.repositories import ModelVersionRepository, RunRepository, has_rows_beside
from pipelines.store.sealed import accept_keys
from pipelines.store.session import engine_for, is_current
from pipelines.store.tables import SEALED
from pipelines.synthetic import ProvinceConfig, invent, invent_casework, write_casework, write_tables
from pipelines.template import write_template
from pipelines.train import TrainConfig, train
from pipelines.worlds import load_world

DONE, CHECK_FAILED, USAGE, SOME_REJECTED, REFUSED = 0, 1, 2, 3, 4
SHOWN = 20
DEMO_PEOPLE = ("demo-c-00001", "demo-c-00002", "demo-c-00003")
_GLOBAL_WITH_VALUE = ("--db", "--as-of")
_GLOBAL_FLAGS = ("--json",)

app = typer.Typer(
    name="yougang",
    help="有岗：为甘肃残疾人找工作。排序并说明理由，由人决定。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
database = typer.Typer(help="数据库：升级与检查。", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(database, name="db")
app.add_typer(versions, name="models")
app.command("quarter")(quarter)
app.command("drift")(drift_command)
app.add_typer(accounts, name="accounts")
app.add_typer(rules, name="rules")
add_release_commands(rules)
app.add_typer(benefits, name="benefits")
app.add_typer(reports, name="report")
app.add_typer(exchange, name="exchange")
app.add_typer(notices, name="notices")
app.add_typer(messages, name="messages")
app.add_typer(handovers, name="handovers")
app.command("quota")(quota_command)
app.command("plan-work")(plan_work)
for _command in (extract, erase, retention, due, tasks, plans, ventures, publicity, duplicates, initiatives, offers):
    app.command()(_command)
app.command("backup")(backup_command)
app.command("restore")(restore_command)
app.command("serve")(serve)

Kind = StrEnum("Kind", {name: name for name in IMPORTED})  # type: ignore[misc]  # the members are the tables


@app.callback()
def _start(
    context: typer.Context,
    db: Annotated[str | None, typer.Option("--db", help="数据库地址，默认 var/ 下的 SQLite")] = None,
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="按哪一天，默认今天")] = None,
    wants_json: Annotated[bool, typer.Option("--json", help="标准输出只有一份 JSON")] = False,
) -> None:
    context.obj = Session(cache(partial(Settings.of, db, as_of.date() if as_of else None)), wants_json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every fault becomes one line on standard error."""
    try:
        result = typer.main.get_command(app).main(_globals_first(arguments), prog_name="yougang", standalone_mode=False)
    except TyperException as error:
        say(usage_line(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        say("已中断")
        return REFUSED
    except ArtefactMismatch as error:
        say(f"未执行：模型文件已损坏、缺失或被改动，没有使用；请恢复原来的文件，或启用另一个版本（{_one_line(error)}）")
        return REFUSED
    except RowRefused as error:
        told = "；".join(f"{fault.column} {fault.reason}" for fault in error.faults)
        say(f"未执行：{_one_line(error)}（{told}）")
        return REFUSED
    except (PipelineError, MatchingError, ModelError) as error:
        say(f"未执行：{_one_line(error)}")
        return REFUSED
    except OSError as error:
        say(f"未执行：无法读写文件（{error.strerror or type(error).__name__}）")
        return REFUSED
    except SQLAlchemyError:
        # The address may hold a password and the driver's words a person's data: neither is repeated.
        say("未执行：数据库无法打开或读写，请检查地址、权限以及它是否为有岗的数据库")
        return REFUSED
    except Exception as error:  # the last door: whatever it was, the user gets a line, and the traceback on request
        if is_debug():
            traceback.print_exc()
        say(f"未执行：程序内部错误（{type(error).__name__}）；设置 YOUGANG_DEBUG=1 可查看详情")
        return REFUSED
    return result if isinstance(result, int) else DONE


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _globals_first(arguments: list[str]) -> list[str]:
    """Let the options of every command stand anywhere: `shortlist ID --json` is `--json shortlist ID`."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _GLOBAL_WITH_VALUE:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument in _GLOBAL_FLAGS or argument.startswith(tuple(f"{name}=" for name in _GLOBAL_WITH_VALUE)):
            front.append(argument)
        else:
            rest.append(argument)
    return [*front, *rest]


# ---- data in and out ------------------------------------------------------------------------------------------------


@database.command("upgrade")
def db_upgrade(context: typer.Context) -> None:
    """把数据库升级到最新结构。"""
    engine = current_engine(context)
    answer(context, {"current": is_current(engine)}, lambda: ["数据库结构已是最新"])


@database.command("check")
def db_check(context: typer.Context) -> None:
    """检查数据库结构以及已存数据是否前后一致。"""
    settings = session_of(context).settings
    engine = engine_for(settings.database_url, settings.keys)
    if not is_current(engine):
        answer(context, {"current": False, "findings": []}, lambda: ["数据库结构不是最新：请运行 yougang db upgrade"])
        raise typer.Exit(CHECK_FAILED)
    with engine.begin() as connection:
        accept_keys(connection)
        findings = check(connection, on=settings.as_of)
    document = {"current": True, "findings": [asdict(finding) for finding in findings]}
    lines = [f"{'错误' if f.is_error else '提示'} {f.table} {f.id}：{f.text}" for f in findings]
    answer(context, document, lambda: lines or ["数据前后一致"])
    if any(finding.is_error for finding in findings):
        raise typer.Exit(CHECK_FAILED)


@app.command("import")
def import_table(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="表")],
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
    mapping: Annotated[str | None, typer.Option(help="对照文件，或随附的名称")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入")] = False,
    rejects: Annotated[Path | None, typer.Option(help="把未接收的行写到这个 CSV")] = None,
    by: Annotated[str, typer.Option(help="由谁提供")] = "import",
) -> None:
    """导入一张表：已读 = 接收 + 未变 + 拒收。"""
    settings = session_of(context).settings
    engine = current_engine(context)
    progress = _Progress("已读")
    report = ingest(
        engine,
        IMPORTED[kind.value],
        file,
        mapping=SheetMapping.load(mapping) if mapping else None,
        dry_run=dry_run,
        rejects_path=rejects,
        subject=program_subject(),
        supplied_by=by,
        on=settings.as_of,
        progress=progress,
    )
    progress.end()
    if kind.value == "vacancies" and not dry_run and report.accepted:
        with engine.begin() as connection:
            reading = _Progress("已识读岗位文本")
            refresh_texts(connection, progress=reading)
            reading.end()
    answer(context, _report_document(report), lambda: _report_lines(report, rejects))
    if report.rejected:
        raise typer.Exit(SOME_REJECTED)


def _report_document(report: IngestReport) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(asdict(report), ensure_ascii=False, default=str))
    return document


def _report_lines(report: IngestReport, rejects: Path | None) -> list[str]:
    lines = [f"已读 {report.read}，接收 {report.accepted}，未变 {report.unchanged}，拒收 {report.rejected}"]
    labels = IMPORTED[report.table].by_name
    for r in report.rejections[:SHOWN]:
        label = f"{labels[r.column].label}（{r.column}）" if r.column in labels else r.column
        value = f"“{r.value}”" if r.value else ""
        lines.append(f"  第 {r.row} 行 {label}{value}：{r.reason}")
    if len(report.rejections) > SHOWN or report.rejected > SHOWN:
        lines.append("  …以上只是一部分" + (f"，全部在 {rejects}" if rejects else "；加 --rejects 文件 可得到全部"))
    lines += [f"  提示 {NOTE_LABELS.get(code, code)}：{count} 行" for code, count in sorted(report.notes.items())]
    return lines


@app.command("export")
def export_table(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="表")],
    out: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
    mapping: Annotated[str | None, typer.Option(help="对照文件，或随附的名称")] = None,
) -> None:
    """导出一张表；导入的原样回来。"""
    people: dict[str, None] = {}
    with current_engine(context).begin() as connection:
        n = export(
            connection,
            IMPORTED[kind.value],
            out,
            subject=program_subject(),
            mapping=SheetMapping.load(mapping) if mapping else None,
            handed_out=people.setdefault,
        )
        action = Action.READ_IDENTITY if kind.value in SEALED else READS[kind.value]
        _note(connection, action, kind.value, count=n)
        _note_people(connection, action, people)
    answer(context, {"table": kind.value, "rows": n, "file": str(out)}, lambda: [f"已导出 {n} 行到 {out}"])


@app.command()
def template(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="表")],
    out: Annotated[Path, typer.Argument(help="XLSX 文件")],
) -> None:
    """写出一张空表：列名、说明与下拉选项。"""
    write_template(IMPORTED[kind.value], out)
    answer(context, {"table": kind.value, "file": str(out)}, lambda: [f"已写出模板 {out}"])


class _Progress:
    """Shows a count on standard error, at most twice a second; silent where nobody watches a terminal."""

    def __init__(self, label: str) -> None:
        self._label, self._last, self._count = label, 0.0, 0
        self._began = time.monotonic()

    def __call__(self, count: int, total: int | None = None) -> None:
        """Take a new count."""
        self._count = count
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > 0.5:
            self._last = now
            told = f"{count}/{total}{self._left(now, count, total)}" if total else str(count)
            typer.echo(f"\r{self._label} {told}", err=True, nl=False)

    def _left(self, now: float, count: int, total: int) -> str:
        """Return how long the rest will take at the pace so far."""
        seconds = (now - self._began) / max(1, count) * (total - count)
        return f"，约剩 {seconds / 60:.0f} 分钟  " if seconds >= 90 else f"，约剩 {seconds:.0f} 秒  "

    def end(self) -> None:
        """Close the line."""
        if sys.stderr.isatty() and self._last:
            typer.echo(f"\r{self._label} {self._count}", err=True)


# ---- the main job ---------------------------------------------------------------------------------------------------


def _casebook(context: typer.Context) -> Casebook:
    with current_engine(context).begin() as connection:
        return load_casebook(connection, program_subject())


def _desk(context: typer.Context, connection: Any) -> Desk:
    settings = session_of(context).settings
    version, model, tests = Registry(connection, settings.models).answering()
    return Desk.open(load_casebook(connection, program_subject()), model, version, settings.as_of, tests)


def _note(
    connection: Connection, action: Action, kind: str, object_id: str | None = None, count: int | None = None
) -> None:
    """Write into the audit what a command reads or writes, in the transaction of the command."""
    details = {} if count is None else {"count": count}
    record(connection, program_subject().by, action.value, object_kind=kind, object_id=object_id, details=details)


def _note_people(connection: Connection, action: Action, people: Iterable[str]) -> None:
    """Write into the audit whom a command tells of, each under their own name: it stands in their own extract."""
    told = list(people)
    if told:
        record_each(connection, program_subject().by, action.value, object_kind="candidate", object_ids=told)


@app.command()
def shortlist(
    context: typer.Context,
    candidate_id: Annotated[str, typer.Argument(help="求职者编号")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="列出几个")] = 20,
) -> None:
    """为一位求职者列出排好序、有理由的岗位。"""
    with current_engine(context).begin() as connection:
        document = _desk(context, connection).document(candidate_id, k=k)
        _note(connection, Action.READ_SHORTLIST, "candidate", candidate_id)
        RunRepository(connection).save_document(document)
    document = shown_document(document)
    answer(context, document, lambda: document_lines(document))


@app.command("candidates-for")
def candidates_for(
    context: typer.Context,
    vacancy_id: Annotated[str, typer.Argument(help="岗位编号")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="列出几位")] = 20,
) -> None:
    """为一个岗位列出求职者。"""
    with current_engine(context).begin() as connection:
        document = _desk(context, connection).candidates_for(vacancy_id, k=k)
        _note(connection, Action.READ_CANDIDATES, "vacancies", vacancy_id, len(document["items"]))
        _note_people(connection, Action.READ_SHORTLIST, [item["candidate_id"] for item in document["items"]])
    answer(context, document, lambda: _candidates_lines(document))


def _candidates_lines(document: dict[str, Any]) -> list[str]:
    counts = document["counts"]
    lines = [f"岗位 {document['vacancy_id']}：在册 {counts['active']} 人，可推荐 {counts['ranked']} 人"]
    for item in document["items"]:
        lines += person_lines(item)
    lines += [f"不列入 {entry['candidates']} 人：{entry['reason']}" for entry in document["excluded"]]
    return lines


@app.command()
def unlock(context: typer.Context, candidate_id: Annotated[str, typer.Argument(help="求职者编号")]) -> None:
    """补上哪项信息、证书、课程或便利，能多打开多少岗位。"""
    with current_engine(context).begin() as connection:
        document = _desk(context, connection).unlock(candidate_id)
        _note(connection, Action.READ_CANDIDATES, "candidate", candidate_id)
    answer(context, document, lambda: _unlock_lines(document))


@app.command("courses")
def courses_command(context: typer.Context, candidate_id: Annotated[str, typer.Argument(help="求职者编号")]) -> None:
    """本人的技能和证书离名单上的岗位还差什么，哪门课程能补上，补贴多少，能多打开多少岗位。"""
    with current_engine(context).begin() as connection:
        document = course_gaps(_desk(context, connection), candidate_id)
        _note(connection, Action.READ_CANDIDATES, "candidate", candidate_id)
    answer(context, document, lambda: gap_lines(document))


@app.command("recourse")
def recourse_command(
    context: typer.Context,
    candidate_id: Annotated[str, typer.Argument(help="求职者编号")],
    vacancy_id: Annotated[str, typer.Argument(help="岗位编号")],
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="进入前几位")] = 10,
) -> None:
    """要让这个岗位进入本人名单的前几位，哪些可以改变的事要改变。"""
    with current_engine(context).begin() as connection:
        document = recourse(_desk(context, connection), candidate_id, vacancy_id, k=k)
        _note(connection, Action.READ_CANDIDATES, "candidate", candidate_id)
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


@app.command("train")
def train_model(
    context: typer.Context,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="学习到哪一天为止")] = None,
    engine: EngineName = "local",
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    login: Annotated[str | None, typer.Option("--login", help="制作人的登录名；口令和动态口令随后输入")] = None,
    name: Annotated[str | None, typer.Option("--by", help="还没有账号的数据库：制作人的姓名")] = None,
) -> None:
    """训练并保存一个模型版本。第一个版本直接启用；以后的没有经过季度核查，须由另一人写明理由后启用。"""
    by, said_by, _ = who_acts(context, login, name)
    config = TrainConfig(rows=FeatureRows(cluster_of(engine, workers, scheduler, tls_ca, tls_cert, tls_key)))
    settings = session_of(context).settings
    casebook = _casebook(context)
    model = train(casebook, until=until.date() if until else settings.as_of, config=config, progress=say)
    with current_engine(context).begin() as connection:
        registry = Registry(connection, settings.models)
        gate = _gate(registry, casebook, model, settings.as_of)
        version = registry.save(model, by=by, gate=gate, made_by=said_by)
    document = {"version": version.version, "status": version.status, "summary": model.summary}
    promote = f"没有经过季度核查，待启用；由另一人：yougang models promote {version.version} --despite 理由"
    state = "已启用" if version.status == "champion" else promote
    answer(context, document, lambda: [f"模型 {version.version} 已保存（{state}）"])


def _gate(registry: Registry, casebook: Casebook, fresh: RankingModel, on: date) -> dict[str, object] | None:
    """Hold a fresh model against the one in use; None where there is none."""
    try:
        _, in_use = registry.champion()
    except NoModel:
        return None
    found = retraining_gate(casebook, in_use, fresh, on)
    for trip in found.trips:
        say(f"请核实后再启用：{trip}")
    return found.as_dict()


@app.command("evaluate")
def evaluate_models(
    context: typer.Context,
    world: Annotated[Path | None, typer.Option(help="用这个文件夹中的表代替数据库")] = None,
    split_at: Annotated[datetime | None, typer.Option("--split-at", formats=["%Y-%m-%d"], help="划分日期")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000)] = 10,
) -> None:
    """按时间划分，检验各模型，按人群分列。"""
    settings = session_of(context).settings
    casebook = load_world(world, today=settings.as_of) if world else _casebook(context)
    config = EvaluateConfig(k=k, split_at=split_at.date() if split_at else None)
    document = evaluate(casebook, config, progress=say)
    answer(context, document, lambda: _evaluation_lines(document))


def _evaluation_lines(document: dict[str, Any]) -> list[str]:
    k = document["k"]
    lines = [f"划分日期 {document['split_at']}，{document['n_people']} 人，{document['n_relevant_pairs']} 对"]
    for model, segments in document["models"].items():
        for segment in ("all", "warm_people", "cold_people", "cold_vacancies"):
            row = segments[segment]
            shown = "  ".join(_metric(name, row[name]) for name in (f"recall@{k}", f"ndcg@{k}"))
            lines.append(f"{model:<19}{segment:<16}{row['n_people']:>6} 人  {shown}")
    lines.append(
        "shortlist 是实际给出的名单：已去掉本人限制和公告排除的岗位，并按政策顺序排列，所以低于只看分数的 hybrid。"
    )
    for group, values in document["groups"].items():
        for value, row in values.items():
            name = f"recall@{k}"
            shown = _metric(name, row[name]) if name in row else "人数少于10，不列出"
            lines.append(f"shortlist  {group}={value:<14}{row['n_people']:>6} 人  {shown}")
    return lines


def _metric(name: str, interval: dict[str, float] | None) -> str:
    if interval is None:
        return f"{name} 无"
    return f"{name} {interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


@app.command()
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
    progress = _Progress("已完成")
    with current_engine(context).begin() as connection:
        desk = _desk(context, connection)
        if even:
            balance_lists(connection, desk, _Progress("已看名单"))
            desk = _desk(context, connection)
        _note(connection, Action.READ_SHORTLIST, "batch", count=len(desk.active()))
        _note_people(connection, Action.READ_SHORTLIST, desk.active())
    report = run_batch(desk, folder, k=k, with_reasons=reasons, engine=works, progress=progress)
    progress.end()
    document = json.loads(json.dumps(asdict(report), default=str))
    answer(context, document, lambda: [f"{report.n_candidates} 人，{report.n_lines} 行，写入 {report.folder}"])


@app.command()
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
        desk = _desk(context, connection)
        progress = _Progress("已看名单")
        document = balance_document(balance_lists(connection, desk, progress), desk)
        progress.end()
    answer(context, document, lambda: balance_words(document))


# ---- demonstration --------------------------------------------------------------------------------------------------


@app.command()
def demo(
    context: typer.Context,
    people: Annotated[int, typer.Option(min=50, help="虚构多少求职者")] = 2000,
    vacancies: Annotated[int, typer.Option(min=30, help="虚构多少岗位")] = 800,
    seed: Annotated[int, typer.Option(help="随机种子")] = 20221104,
) -> None:
    """虚构一个甘肃，走完主要流程，打印三份名单。"""
    session = session_of(context)
    settings = session.settings
    _clear_demo(settings)
    engine = current_engine(context)
    say(f"虚构 {people} 位求职者、{vacancies} 个岗位（全部为虚构数据）")
    config = ProvinceConfig(n_candidates=people, n_vacancies=vacancies, seed=seed, today=settings.as_of)
    province = invent(config)
    casework = invent_casework(province, config)
    with tempfile.TemporaryDirectory(prefix="yougang-demo-") as scratch:
        write_tables(province, Path(scratch))
        write_casework(casework, Path(scratch))
        seven = ("employers", "vacancies", "candidates", "interactions", "placements", "services", "courses")
        for name in (*seven, *casework):
            file = Path(scratch) / f"{name}.csv"
            report = ingest(
                engine, IMPORTED[name], file, subject=program_subject(), supplied_by="demo", on=settings.as_of
            )
            say(f"  导入{IMPORTED[name].label}：已读 {report.read}，接收 {report.accepted}，拒收 {report.rejected}")
    with engine.begin() as connection:
        casebook = load_casebook(connection, program_subject())
    model = train(casebook, until=settings.as_of, progress=lambda text: say(f"  {text}"))
    with engine.begin() as connection:
        version = Registry(connection, settings.models).save(model, by=program_subject().by)
    desk = Desk.open(casebook, model, version.version, settings.as_of)
    documents = [desk.document(candidate_id, k=8) for candidate_id in DEMO_PEOPLE]
    with engine.begin() as connection:
        for document in documents:
            _note(connection, Action.READ_SHORTLIST, "candidate", document["candidate_id"])
            RunRepository(connection).save_document(document)
    lines = [line for document in documents for line in [*document_lines(document), ""]]
    answer(context, {"shortlists": documents}, lambda: lines)


def _clear_demo(settings: Settings) -> None:
    """Start the demonstration anew; a database with anybody's real rows in it is left alone."""
    file = settings.sqlite_file
    if file is None:
        raise PipelineError("演示只写入 SQLite 数据库，请用 --db sqlite:///文件")
    if not file.exists():
        return
    engine = engine_for(settings.database_url)
    try:
        if not is_current(engine):
            raise PipelineError("这个文件不是当前版本的演示数据库：演示不会覆盖它，请用 --db 指定另一个文件")
        with engine.connect() as connection:
            if has_rows_beside(connection, "demo-"):
                raise PipelineError("这个数据库中有非演示的数据：演示不会覆盖它，请用 --db 指定另一个文件")
            folders = [version.folder for version in ModelVersionRepository(connection).all()]
    finally:
        engine.dispose()
    for path in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        path.unlink(missing_ok=True)
    for folder in folders:
        shutil.rmtree(settings.models / folder, ignore_errors=True)


if __name__ == "__main__":
    main()
