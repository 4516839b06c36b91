"""One quarter from the stored cases to a challenger with its report; stops there, for a person to decide.

Stages: extract, search, models (past, champion_past, today), evaluate, compare, gates, report, register. Each is noted
in the run's folder when it is done; a run that was killed goes on where it stopped. Everything but the timing is the
same for the same data and seed.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from matching.rules.dated import rules_on
from models.metrics.intervals import mean_interval
from pipelines.access.audit import record
from pipelines.access.roles import COMMAND_LINE, Action, By, Purpose, program_subject
from pipelines.access.vault import Place, Vault
from pipelines.casebook import Casebook, load_casebook
from pipelines.desk import Desk
from pipelines.errors import PipelineError
from pipelines.evaluate import (
    EvaluateConfig,
    MeasuredPerson,
    measured_document,
    measured_people,
    split_day,
    values_of,
)
from pipelines.one_at_a_time import alone_in
from pipelines.quarter.code import code_version
from pipelines.quarter.extract import pseudonymised, save_extract
from pipelines.quarter.gates import Measures, Unmeasured, evaluate_gates, failed, gates_on
from pipelines.quarter.live import beside_report, lot_estimates
from pipelines.quarter.measure import InTime, Record, Today, covered_record, fairness_sheet, measures_of
from pipelines.quarter.profile import Binned, kept_profile, opened_profile, sealed_profile
from pipelines.quarter.report import report_html
from pipelines.quarter.run_list import note_elsewhere
from pipelines.quarter.runs import Run
from pipelines.quarter.settings import Point, QuarterSettings, quarter_settings
from pipelines.quarter.shadow import off_policy, shadow
from pipelines.quarter.standing import Asked, Standing, asked_on, standing
from pipelines.quarter.training import learn, search
from pipelines.quarter.workers import Workers
from pipelines.ranking_model import RankingModel
from pipelines.registry import Registry
from pipelines.retraining import heard_sources
from pipelines.store.run_log import RunLog, ShownList
from pipelines.store.sealed import vault_of
from pipelines.train import TrainConfig

EXTRACT, REQUESTS = "extract.sealed", "requests.sealed"
OTHER_NAMES, PROFILE = "names.sealed", "profile.sealed"
_REQUESTS, _OTHER_NAMES = Place("quarter", "requests", "run"), Place("quarter", "names", "run")
_POINT = Place("quarter", "point", "run")
PAST, CHAMPION_PAST, TODAY = "past", "champion_past", "today"
Tell = Callable[[str], None]
_SUBJECT = program_subject("quarter", Purpose.MODEL_TRAINING)
_MODELS: dict[str, str] = {PAST: "只知道过去的新模型", CHAMPION_PAST: "只知道过去的现用方案", TODAY: "学到今天的新模型"}


@dataclass(frozen=True, slots=True)
class Cycle:
    """What a cycle is run with; `base` are settings of training below those of the search space."""

    engine: Engine
    models: Path
    folder: Path
    as_of: date
    by: By
    made_by: str = COMMAND_LINE.actor
    settings: QuarterSettings = field(default_factory=quarter_settings)
    base: TrainConfig | None = None
    workers: int = 1
    tell: Tell = lambda _: None


@dataclass(frozen=True, slots=True)
class Champion:
    """The version in use, its files, and what was kept with it; None where it was not made by a cycle."""

    version: str
    model: RankingModel
    record: Record | None

    @property
    def point(self) -> Point | None:
        """The parameters it was learned with; None where they were not kept."""
        return None if self.record is None else Point.model_validate(self.record["parameters"])


def run_cycle(cycle: Cycle) -> dict[str, Any]:
    """Run every stage that is not done, and return the report.

    Raises
    ------
    NoModel
        When there is no champion to be held against.
    RunRefused
        When the folder holds another run, or a file was changed.
    FolderInUse
        When another command is writing there.
    NothingToEvaluate
        When there are too few acts to test anything in time.
    """
    with cycle.engine.connect() as connection:
        vault = vault_of(connection)
        registry = Registry(connection, cycle.models)
        version, model = registry.champion()
        card = registry.card(version)
    champion = Champion(version, model, None if card is None else card.document)
    with alone_in(cycle.folder):
        return _run(cycle, vault, champion)


def _run(cycle: Cycle, vault: Vault, champion: Champion) -> dict[str, Any]:
    run = Run.open(cycle.folder, _head(cycle, champion))
    note_elsewhere(cycle.models, cycle.folder)
    _extract(cycle, run, vault, champion)
    champion = _under_own_names(run, vault, champion)
    with Workers(run.folder / EXTRACT, vault, cycle.workers) as workers:
        split = _split(cycle, run, workers, champion)
        _search(cycle, run, vault, workers, split)
        _learn(cycle, run, workers, split, champion)
        _evaluate(cycle, run, vault, workers, split, champion)
        _compare(cycle, run, vault, workers, champion)
    _gates(cycle, run)
    _report(cycle, run, champion)
    _register(cycle, run, vault)
    report: dict[str, Any] = run.read("report.json")
    return {**report, "version": run.told("register")["version"], "folder": str(cycle.folder)}


def _head(cycle: Cycle, champion: Champion) -> dict[str, Any]:
    return {
        "as_of": cycle.as_of.isoformat(),
        "settings": cycle.settings.as_dict(),
        "base": None if cycle.base is None else asdict(cycle.base),
        "code": code_version(),
        "champion": champion.version,
        "gates_from": gates_on(cycle.as_of).since.isoformat(),
        "rules_version": rules_on(cycle.as_of).version,
    }


# ---- the data -------------------------------------------------------------------------------------------------------


def _extract(cycle: Cycle, run: Run, vault: Vault, champion: Champion) -> None:
    if run.is_done("extract"):
        return
    cycle.tell("摘录可以用于学习的数据（去身份，加密保存）")
    with cycle.engine.begin() as connection:
        casebook = load_casebook(connection, _SUBJECT)
        requests = list(RunLog(connection, _SUBJECT).shown(until=cycle.as_of))
        record(connection, cycle.by, Action.WRITE_MODELS.value, object_kind="model", object_id="quarter-extract")
    own = pseudonymised(casebook)
    data_hash = save_extract(own, run.folder / EXTRACT, vault)
    known = set(own.candidates)
    names = casebook.names
    shown = [(names.stand_in(one.candidate_id), one) for one in requests]
    log = json.dumps(
        [
            {"who": who, "on": one.on.isoformat(), "shown": one.shown, "by_lot": one.by_lot, "beside": one.beside}
            for who, one in shown
            if who in known
        ]
    )
    run.write_text(REQUESTS, vault.seal(log, _REQUESTS))
    _keep_other_names(run, vault, casebook, champion)
    profile = run.write_text(PROFILE, sealed_profile(kept_profile(own), names))
    counts = {"people": len(own.candidates), "vacancies": len(own.vacancies), "acts": len(own.interactions)}
    run.done("extract", [EXTRACT, REQUESTS, OTHER_NAMES, profile], {"data_hash": data_hash, **counts})


def _keep_other_names(run: Run, vault: Vault, casebook: Casebook, champion: Champion) -> None:
    """Write which name of the extract is which in the champion, where that was learned under another key."""
    others, held = {}, champion.model.collaborative
    if held is not None and champion.model.keeps_people and held.names.key_id != casebook.names.key_id:
        others = {casebook.names.of(i): held.names.of(i) for i in casebook.candidates}
    text = json.dumps(others, sort_keys=True)
    run.write_text(OTHER_NAMES, vault.seal(text, _OTHER_NAMES))


def _under_own_names(run: Run, vault: Vault, champion: Champion) -> Champion:
    """Return the champion so that it knows the people of the extract again."""
    held = champion.model.collaborative
    others = json.loads(vault.open((run.folder / OTHER_NAMES).read_text(encoding="ascii"), _OTHER_NAMES))
    if held is None or not others:
        return champion
    known = replace(held, names=replace(held.names, others=others))
    return replace(champion, model=replace(champion.model, collaborative=known))


def _split(cycle: Cycle, run: Run, workers: Workers, champion: Champion) -> date:
    """Return the day that divides what is learned from what is tested on.

    The champion is tested as it is where it knows nothing after that day; else its parameters are learned up to it.
    """
    if not run.is_done("split"):
        split = split_day(workers.casebook, 1 - cycle.settings.test_share)
        as_is = champion.model.trained_until <= split
        run.done("split", [], {"split_at": split.isoformat(), "champion_as_is": as_is})
    return date.fromisoformat(run.told("split")["split_at"])


# ---- the models -----------------------------------------------------------------------------------------------------


def _search(cycle: Cycle, run: Run, vault: Vault, workers: Workers, split: date) -> None:
    if run.is_done("search"):
        return
    n = len(cycle.settings.search.points)
    known: dict[int, list[float | None]] = {}
    for at in range(n):
        if run.is_done(_point_name(at)):
            text = (run.folder / f"{_point_name(at)}.sealed").read_text(encoding="ascii")
            known[at] = json.loads(vault.open(text, _POINT))
    cycle.tell(f"搜索 {n} 组参数" + (f"，其中 {len(known)} 组上次已试完" if known else ""))

    def done(at: int, values: Sequence[float | None]) -> None:
        # Person by person, therefore sealed.
        name = f"{_point_name(at)}.sealed"
        run.done(_point_name(at), [run.write_text(name, vault.seal(json.dumps(list(values)), _POINT))])

    found = search(workers, split, cycle.settings, base=cycle.base, known=known, done=done)
    run.done("search", [run.write("search.json", found)], {"taken": found["taken"]})


def _point_name(at: int) -> str:
    return f"point_{at + 1}"


@dataclass(frozen=True, slots=True)
class _Task:
    """One model to be learned."""

    folder: Path
    until: date
    point: Point
    seed: int
    is_for_test: bool
    base: TrainConfig | None


def _learned(casebook: Casebook, _: Vault, task: _Task) -> str:
    model = learn(casebook, task.until, task.point, seed=task.seed, is_for_test=task.is_for_test, base=task.base)
    return model.save(task.folder)


def _learn(cycle: Cycle, run: Run, workers: Workers, split: date, champion: Champion) -> None:
    taken = Point.model_validate(run.told("search")["taken"])
    before = champion.point or cycle.settings.search.points[0]
    wanted = {PAST: (split, taken, True), TODAY: (cycle.as_of, taken, False)}
    if not run.told("split")["champion_as_is"] and before != taken:
        wanted[CHAMPION_PAST] = (split, before, True)
    names = [name for name in wanted if not run.is_done(name)]
    tasks = []
    for name in names:
        until, point, is_for_test = wanted[name]
        cycle.tell(f"学习{_MODELS[name]}（到 {until.isoformat()}）")
        tasks.append(_Task(run.fresh_folder(name), until, point, cycle.settings.seed, is_for_test, cycle.base))

    def done(at: int, checksum: str) -> None:
        told = {"sha256": checksum, "until": tasks[at].until.isoformat()}
        run.done(names[at], run.files_of(names[at]), told)

    workers.each(_learned, tasks, done=done)


def _model(run: Run, vault: Vault, name: str) -> RankingModel:
    return RankingModel.load(run.folder / name, expected=run.told(name)["sha256"], vault=vault)


def _past_champion(run: Run, vault: Vault, champion: Champion) -> tuple[RankingModel, str]:
    """Return the champion as it can be tested, and how that was come by."""
    if run.told("split")["champion_as_is"]:
        return champion.model, "as_is"
    if CHAMPION_PAST in run.stages:
        return _model(run, vault, CHAMPION_PAST), "its_parameters"
    return _model(run, vault, PAST), "same_parameters"


# ---- holding them side by side --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Looked:
    """One model to be looked at: in time, or as lists would stand today."""

    model: RankingModel
    config: EvaluateConfig | None
    asked: Asked | None


def _looked(casebook: Casebook, _: Vault, task: _Looked) -> list[MeasuredPerson] | Standing:
    if task.asked is not None:
        return standing(casebook, task.model, task.asked)
    config = task.config or EvaluateConfig()
    return measured_people(casebook, task.model, config.split_at or date.max, config)


def _evaluate(cycle: Cycle, run: Run, vault: Vault, workers: Workers, split: date, champion: Champion) -> None:
    if run.is_done("evaluate"):
        return
    held, found, settings = gates_on(cycle.as_of), workers.casebook, cycle.settings
    cycle.tell(f"以 {split.isoformat()} 为界检验两个模型（同一批人、同一时段），对照两个模型今天的名单")
    config = EvaluateConfig(split_at=split, max_people=settings.measured_people, seed=settings.seed)
    asked = asked_on(found, cycle.as_of, n_people=settings.asked_people, n_posts=settings.asked_posts)
    past, today_model = _model(run, vault, PAST), _model(run, vault, TODAY)
    other, how = _past_champion(run, vault, champion)
    tasks = [_Looked(past, config, None), _Looked(today_model, None, asked), _Looked(champion.model, None, asked)]
    if how != "same_parameters":
        tasks.append(_Looked(other, config, None))
    looked: Any = workers.each(_looked, tasks)
    theirs = looked[0] if how == "same_parameters" else looked[3]
    document = measured_document(found, past, looked[0], split, config)
    in_time = InTime(looked[0], theirs, document, how == "same_parameters")
    today = Today(asked, looked[1], looked[2])
    sources = heard_sources(found, since=champion.model.trained_until, until=cycle.as_of)
    measures = measures_of(
        found,
        held,
        in_time,
        today,
        sources,
        opened_profile(_kept_profile(run), vault),
        champion.record,
        states_chance=today_model.weights.chance is not None,
        before=_profile_before(champion, vault),
    )
    k = in_time.document["k"]
    recalls = values_of([(p, p.relevant) for p in in_time.challenger], "shortlist", k)[f"recall@{k}"]
    level = mean_interval(recalls, seed=settings.seed)
    metrics = {
        "in_time": {**in_time.document, "champion_tested": how},
        "measures": measures.as_dict(),
        "fairness": fairness_sheet(found, in_time, today, held),
        "covered": covered_record(found, today, held),
        "level": None if level is None else asdict(level),
        "off_policy": off_policy(found, in_time, split),
    }
    run.done("evaluate", [run.write("metrics.json", metrics)])


def _kept_profile(run: Run) -> str:
    return (run.folder / PROFILE).read_text(encoding="ascii")


def _profile_before(champion: Champion, vault: Vault) -> Binned | Unmeasured | None:
    """Return what the champion's card says of the features; why not, where it cannot be opened: that is no pass."""
    held = (champion.record or {}).get("profile")
    if not held:
        return None
    try:
        return opened_profile(held, vault)
    except PipelineError as error:
        return Unmeasured(f"现用版本登记的特征概况打不开：{error}")


def _compare(cycle: Cycle, run: Run, vault: Vault, workers: Workers, champion: Champion) -> None:
    if run.is_done("compare"):
        return
    cycle.tell("用已存的名单请求对照两个模型，并计时")
    found, model = workers.casebook, _model(run, vault, TODAY)
    requests = [
        ShownList(row["who"], date.fromisoformat(row["on"]), tuple(row["shown"]), row["by_lot"], row["beside"])
        for row in json.loads(vault.open((run.folder / REQUESTS).read_text(encoding="ascii"), _REQUESTS))
    ]
    shadowed = shadow(found, model, champion.model, requests, days=cycle.settings.shadow_days, seed=cycle.settings.seed)
    live = {
        "by_lot": lot_estimates(found, model, champion.model, requests, days=cycle.settings.shadow_days),
        "beside": beside_report(
            found.interactions, requests, days=cycle.settings.shadow_days, seed=cycle.settings.seed
        ),
    }
    desk = Desk.open(found, model, "timed", cycle.as_of)
    people = sorted(found.candidates)[: cycle.settings.timed_lists]
    taken = []
    for candidate_id in people:
        began = time.process_time()  # what else the machine does is not the model's doing
        desk.document(candidate_id, k=20)
        taken.append((time.process_time() - began) * 1000)
    timing: dict[str, Any] = {"n": len(taken), "p50_ms": None, "p95_ms": None}
    if taken:
        timing |= {
            "p50_ms": round(float(np.quantile(taken, 0.5)), 1),
            "p95_ms": round(float(np.quantile(taken, 0.95)), 1),
        }
    run.done("compare", [run.write("shadow.json", {**shadowed, **live}), run.write("latency.json", timing)])


def _gates(cycle: Cycle, run: Run) -> None:
    if run.is_done("gates"):
        return
    cycle.tell("逐项核查")
    measures = Measures.of_dict(run.read("metrics.json")["measures"])
    slow = run.read("latency.json")["p95_ms"]
    if slow is not None:
        measures = Measures({**measures.overall, "latency_p95_ms": slow}, measures.groups, measures.notes)
    results = evaluate_gates(measures, gates_on(cycle.as_of))
    document = {"results": [r.as_dict() for r in results], "failed": [r.gate.id for r in failed(results)]}
    run.done("gates", [run.write("gates.json", document)])


def _report(cycle: Cycle, run: Run, champion: Champion) -> None:
    if run.is_done("report"):
        return
    cycle.tell("写报告")
    document = {
        "head": dict(run.head),
        "data": run.told("extract"),
        "split": run.told("split"),
        "search": run.read("search.json"),
        "models": {name: run.told(name) for name in _MODELS if name in run.stages},
        "metrics": run.read("metrics.json"),
        "shadow": run.read("shadow.json"),
        "latency": run.read("latency.json"),
        "gates": run.read("gates.json"),
        "champion": {"version": champion.version, "level": (champion.record or {}).get("level")},
    }
    name = run.write("report.json", document)
    run.done("report", [name, run.write_text("report.html", report_html(document))])


def _register(cycle: Cycle, run: Run, vault: Vault) -> None:
    if run.is_done("register"):
        return
    metrics = run.read("metrics.json")
    cycle.tell("登记新版本")
    card = {
        "run": run.id,
        "as_of": run.head["as_of"],
        "data_hash": run.told("extract")["data_hash"],
        "counts": {name: n for name, n in run.told("extract").items() if name != "data_hash"},
        "parameters": run.told("search")["taken"],
        "settings": run.head["settings"],
        "code": run.head["code"],
        "rules_version": run.head["rules_version"],
        "gates_from": run.head["gates_from"],
        "champion": run.head["champion"],
        "split": run.told("split"),
        "metrics": {
            name: metrics["in_time"]["models"][name] for name in ("popularity", "content", "hybrid", "shortlist")
        },
        "measures": metrics["measures"]["overall"],
        "level": metrics["level"],
        "covered": metrics["covered"],
        "fairness": metrics["fairness"],
        "off_policy": metrics["off_policy"],
        "profile": _kept_profile(run),
        "gates": run.read("gates.json"),
    }
    model = _model(run, vault, TODAY)
    with cycle.engine.begin() as connection:
        registry = Registry(connection, cycle.models)
        # Killed after the row was written and before it was noted here, the run has a version already.
        name = registry.made_by_run(run.id)
        if name is None:
            name = registry.save(model, by=cycle.by, card=card, made_by=cycle.made_by).version
    run.done("register", [], {"version": name})
