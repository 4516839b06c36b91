"""`yougang demo`: an invented Gansu, from its tables to three lists."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from api.command_desk import note
from api.session import answer, current_engine, say, session_of
from api.settings import Settings
from pipelines.access.roles import Action, program_subject
from pipelines.casebook import load_casebook
from pipelines.desk import Desk
from pipelines.documents import document_lines
from pipelines.errors import PipelineError
from pipelines.ingest import ingest
from pipelines.plan_schema import IMPORTED
from pipelines.registry import Registry
from pipelines.store.repositories import ModelVersionRepository, RunRepository, has_rows_beside
from pipelines.store.session import engine_for, is_current
from pipelines.synthetic import ProvinceConfig, invent, invent_casework, write_casework, write_tables
from pipelines.train import train

DEMO_PEOPLE = ("demo-c-00001", "demo-c-00002", "demo-c-00003")


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
            note(connection, Action.READ_SHORTLIST, "candidate", document["candidate_id"])
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
