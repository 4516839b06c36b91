"""`yougang train` and `evaluate`: a version learned, and models tested in time."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.command_desk import casebook_of
from api.engine_options import EngineName, Scheduler, TlsCa, TlsCert, TlsKey, Workers, cluster_of
from api.model_commands import who_acts
from api.session import answer, current_engine, say, session_of
from models.errors import ModelError
from pipelines.casebook import Casebook
from pipelines.engines.features import FeatureRows
from pipelines.evaluate import EvaluateConfig, evaluate
from pipelines.quarter.group_words import ATTRIBUTES, SEGMENTS, group_word
from pipelines.ranking_model import RankingModel
from pipelines.registry import NoModel, Registry
from pipelines.retraining import Gate, retraining_gate
from pipelines.train import TrainConfig, train
from pipelines.worlds import load_world


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
    casebook = casebook_of(context)
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
    """Hold a fresh model against the one in use; None where there is none.

    One whose files are damaged is not used; whoever is left without it has to be able to train another.
    """
    try:
        _, in_use = registry.champion()
    except NoModel:
        return None
    except (ModelError, OSError):
        found = Gate(None, 0, {}, 0.0, ("现用版本的文件已损坏、缺失或被改动，没有与它对照",))
    else:
        found = retraining_gate(casebook, in_use, fresh, on)
    for trip in found.trips:
        say(f"请核实后再启用：{trip}")
    return found.as_dict()


def evaluate_models(
    context: typer.Context,
    world: Annotated[Path | None, typer.Option(help="用这个文件夹中的表代替数据库")] = None,
    split_at: Annotated[datetime | None, typer.Option("--split-at", formats=["%Y-%m-%d"], help="划分日期")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000)] = 10,
) -> None:
    """按时间划分，检验各模型，按人群分列。"""
    settings = session_of(context).settings
    casebook = load_world(world, today=settings.as_of) if world else casebook_of(context)
    config = EvaluateConfig(k=k, split_at=split_at.date() if split_at else None)
    document = evaluate(casebook, config, progress=say)
    answer(context, document, lambda: _evaluation_lines(document))


def _evaluation_lines(document: dict[str, Any]) -> list[str]:
    k = document["k"]
    lines = [f"划分日期 {document['split_at']}，{document['n_people']} 人，{document['n_relevant_pairs']} 对"]
    for model, segments in document["models"].items():
        for segment, word in SEGMENTS.items():
            row = segments[segment]
            shown = "  ".join(_metric(name, row[name]) for name in (f"recall@{k}", f"ndcg@{k}"))
            lines.append(f"{model:<19}{word:　<8}{row['n_people']:>6} 人  {shown}")
    lines.append(
        "shortlist 是实际给出的名单：已去掉本人限制和公告排除的岗位，并按政策顺序排列，所以低于只看分数的 hybrid。"
    )
    for group, values in document["groups"].items():
        lines.append(f"shortlist 按{ATTRIBUTES.get(group, group)}：")
        for value, row in values.items():
            name = f"recall@{k}"
            shown = _metric(name, row[name]) if name in row else "人数少于10，不列出"
            lines.append(f"  {group_word(group, value):　<10}{row['n_people']:>6} 人  {shown}")
    return lines


def _metric(name: str, interval: dict[str, float] | None) -> str:
    if interval is None:
        return f"{name} 无"
    return f"{name} {interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
