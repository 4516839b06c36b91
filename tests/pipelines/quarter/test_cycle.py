"""A cycle: the same twice, goes on where it was killed, refuses changed files, and stops for a decision."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from matching.entities import Interaction
from pipelines.access.audit import record
from pipelines.access.vault import Vault, new_key
from pipelines.casebook import Casebook
from pipelines.evaluate import split_day
from pipelines.names_in_models import Names
from pipelines.one_at_a_time import FolderInUse
from pipelines.quarter.profile import kept_profile, sealed_profile
from pipelines.quarter.report import by_place
from pipelines.quarter.runs import RunRefused
from pipelines.registry import Despite, FilesChanged, PromotionRefused, Registry, SecondPersonNeeded
from pipelines.store.model_records import CardChanged, ModelRecords, Promotion
from pipelines.store.session import engine_for
from tests.conftest import Town, copied_town
from tests.support.accounts import KEYS
from tests.support.quarter import SMALL, outcome, promote, run, run_over
from tests.support.stores import PROGRAM

ROOT = Path(__file__).parents[3]
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Quarter:
    """A town whose champion was made by a cycle, and the report and folder of that cycle."""

    town: Town
    report: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    folder = tmp_path_factory.mktemp("quarter")
    town = copied_town(folder / "town")
    report = run(town, folder / "first")
    promote(town, report["version"])
    return Quarter(town, report, folder / "first")


@pytest.fixture
def registry(quarter: Quarter) -> Iterator[Registry]:
    engine = engine_for(quarter.town.url, KEYS)
    with engine.begin() as connection:
        yield Registry(connection, quarter.town.models)
    engine.dispose()


# ---- the same twice, and on again where it stopped ----


_BEGINS = ("摘录", "搜索", "学习只知道过去", "以 ", "用已存", "逐项核查", "写报告", "登记新版本")
"""What a cycle says when it begins a stage; killed at each of these words."""


def _killed_when_it_says(words: str, town: Town, folder: Path) -> None:
    command = [sys.executable, "-m", "tests.support.one_cycle", town.url, str(town.models), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:  # noqa: S603  our own module
        assert process.stdout is not None
        said = next((line for line in process.stdout if line.startswith(words)), None)
        process.send_signal(signal.SIGKILL)
    assert said is not None
    assert process.returncode == -signal.SIGKILL


def test_a_second_command_on_the_folder_of_a_running_cycle_is_told_so(quarter: Quarter, tmp_path: Path) -> None:
    town, folder = copied_town(tmp_path / "own"), tmp_path / "run"
    command = [sys.executable, "-m", "tests.support.one_cycle", town.url, str(town.models), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:  # noqa: S603  our own module
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(FolderInUse, match="另一个命令正在写入文件夹"):
            run(town, folder)
        process.send_signal(signal.SIGKILL)


def _done(folder: Path) -> dict[str, int]:
    """Return when each file of a finished stage was written."""
    held = json.loads((folder / "run.json").read_text(encoding="utf-8"))["stages"] if folder.exists() else {}
    return {name: (folder / name).stat().st_mtime_ns for stage in held.values() for name in stage["files"]}


def test_killed_at_any_stage_it_goes_on_without_repeating_and_ends_with_the_same_bytes(
    quarter: Quarter, tmp_path: Path
) -> None:
    town, folder = copied_town(tmp_path / "own"), tmp_path / "killed"
    for words in _BEGINS:
        before = _done(folder)
        _killed_when_it_says(words, town, folder)
        assert {name: at for name, at in _done(folder).items() if name in before} == before
    before = _done(folder)
    assert {"search.json", "metrics.json", "gates.json", "report.html", "past/arrays.npz"} <= set(before)
    report = run(town, folder)
    assert {name: at for name, at in _done(folder).items() if name in before} == before
    for name in ("metrics.json", "search.json", "profile.sealed", "shadow.json"):
        assert (folder / name).read_bytes() == (quarter.folder / name).read_bytes(), name
    assert report["models"] == quarter.report["models"]
    assert report["data"] == quarter.report["data"]


def test_a_search_that_was_killed_tries_only_the_points_that_it_had_not(quarter: Quarter, tmp_path: Path) -> None:
    town, folder, said = copied_town(tmp_path / "own"), tmp_path / "run", list[str]()
    shutil.copytree(quarter.folder, folder)
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    held = document["stages"]
    document["stages"] = {name: held[name] for name in ("extract", "split", "point_1")}
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    kept, lost = ((folder / f"point_{at}.sealed").stat().st_mtime_ns for at in (1, 2))
    report = run(town, folder, tell=said.append)
    assert "搜索 2 组参数，其中 1 组上次已试完" in said
    assert (folder / "point_1.sealed").stat().st_mtime_ns == kept
    assert (folder / "point_2.sealed").stat().st_mtime_ns > lost
    assert report["search"] == quarter.report["search"]
    assert report["models"] == quarter.report["models"]


def test_killed_after_the_row_was_written_it_registers_no_second_version(quarter: Quarter, tmp_path: Path) -> None:
    town, folder = copied_town(tmp_path / "own"), tmp_path / "run"
    shutil.copytree(quarter.folder, folder)
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    del document["stages"]["register"]
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    once = run(town, folder)["version"]
    document["stages"].pop("register", None)
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    assert run(town, folder)["version"] == once


def test_two_processes_learn_the_same_models_as_one(quarter: Quarter, tmp_path: Path) -> None:
    report = run(copied_town(tmp_path / "own"), tmp_path / "two", workers=2)
    assert report["models"] == quarter.report["models"]


@pytest.fixture
def finished(quarter: Quarter, tmp_path: Path) -> Quarter:
    """A finished run whose champion is still the one that it was held against."""
    town = copied_town(tmp_path / "own")
    shutil.copytree(quarter.folder, tmp_path / "run")
    return Quarter(town, quarter.report, tmp_path / "run")


@pytest.mark.parametrize(
    "name", ["metrics.json", "extract.sealed", "profile.sealed", "today/arrays.npz", "past/manifest.json"]
)
def test_a_changed_file_is_refused(finished: Quarter, name: str) -> None:
    file = finished.folder / name
    file.write_bytes(file.read_bytes()[:-1] + b" ")
    with pytest.raises(RunRefused, match=Path(name).name):
        run(finished.town, finished.folder)


def test_a_folder_of_another_run_is_refused(finished: Quarter) -> None:
    with pytest.raises(RunRefused, match="settings"):
        run(finished.town, finished.folder, settings=SMALL.model_copy(update={"seed": 8}))


def test_a_finished_run_registers_nothing_more(finished: Quarter) -> None:
    assert run(finished.town, finished.folder)["version"] == finished.report["version"]


def test_report_has_a_table_for_each_chart_and_names_nobody(quarter: Quarter) -> None:
    page = (quarter.folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 8
    assert page.count("<table") > page.count("<svg")
    assert "<script" not in page
    assert page.count("<figcaption>") == page.count("<svg")  # who sees a chart sees what it shows
    words = re.sub(r"<(style|desc)>.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    for raw in ("brier_of_mean", "share_placed", " all "):
        assert raw not in words
    told = page + (quarter.folder / "report.json").read_text(encoding="utf-8")
    for person in quarter.town.casebook().candidates.values():
        assert person.candidate_id not in told


def test_weighted_recall_stands_beside_the_plain_one_with_its_interval(quarter: Quarter) -> None:
    page = (quarter.folder / "report.html").read_text(encoding="utf-8")
    for name in ("challenger", "champion"):
        found = quarter.report["metrics"]["off_policy"][name]
        own = found["by_person"]
        assert 0 <= own["low"] < own["mean"] < own["high"] <= 1
        assert found["snips"] != found["plain"]  # what was seldom seen weighs more
        assert f'<td data-head="逐人加权的平均">{own["mean"]:.4f}［{own["low"]:.4f}，{own["high"]:.4f}］</td>' in page


def test_places_are_told_in_their_order() -> None:
    assert by_place({"1": 4, "10": 0, "2": 3}) == [("1", 4), ("2", 3), ("10", 0)]


def test_nothing_readable_in_the_folder_but_the_models_tells_of_one_person(quarter: Quarter) -> None:
    """The extract and the lists are sealed; models keep histories under a hash, as those in use do."""
    casebook = quarter.town.casebook()
    people = {word for i in casebook.candidates for word in (i, casebook.names.of(i))}
    files = [path for path in quarter.folder.iterdir() if path.is_file()]
    assert {"extract.sealed", "profile.sealed", "metrics.json", "report.html"} <= {path.name for path in files}
    for path in files:
        told = path.read_text(encoding="utf-8")
        assert [word for word in people if word in told] == [], path.name


# ---- what is kept, and who decides ----


def test_card_says_what_made_the_version_and_cannot_be_changed(quarter: Quarter, registry: Registry) -> None:
    card = registry.card(quarter.report["version"])
    assert card is not None
    for name in ("data_hash", "parameters", "code", "rules_version", "metrics", "fairness", "gates", "model_sha256"):
        assert card.document[name]
    assert card.document["metrics"]["shortlist"]["all"]["recall@10"]["low"] >= 0
    act = registry.promotions(quarter.report["version"])[0]
    assert (act.by, act.reason, bool(act.failed)) == ("named:乙", "首次运行，没有可比的登记", True)


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    """A town with a challenger on which nobody has decided."""
    folder = tmp_path_factory.mktemp("undecided")
    town = copied_town(folder / "town")
    return Quarter(town, run(town, folder / "run"), folder / "run")


def test_gates_are_overruled_only_by_another_person_by_name(undecided: Quarter) -> None:
    town, report = undecided.town, undecided.report
    assert report["gates"]["failed"]
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        registry = Registry(connection, town.models)
        challenger = registry.challenger()
        assert challenger is not None
        assert challenger.version == report["version"]
        for despite, error in (
            (None, PromotionRefused),
            (Despite("  ", "named:乙", is_named=True), PromotionRefused),
            (Despite("理由", "named:甲", is_named=True), SecondPersonNeeded),
            (Despite("理由", "command-line"), SecondPersonNeeded),
        ):
            with pytest.raises(error):
                registry.promote(report["version"], by=PROGRAM.by, despite=despite)
        assert registry.champion()[0] != report["version"]
    engine.dispose()


def test_a_version_whose_files_were_changed_is_not_let_answer_and_the_present_one_goes_on(
    undecided: Quarter, tmp_path: Path
) -> None:
    shutil.copytree(undecided.town.folder, tmp_path / "own")
    town, version = replace(undecided.town, folder=tmp_path / "own"), undecided.report["version"]
    file = town.models / version / "arrays.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        registry = Registry(connection, town.models)
        before = registry.champion()[0]
        with pytest.raises(FilesChanged, match="不能启用"):
            registry.promote(version, by=PROGRAM.by, despite=Despite("理由", "named:乙", is_named=True))
        assert registry.champion()[0] == before
        assert registry.promotions(version) == []
    engine.dispose()


def test_the_database_itself_keeps_who_made_a_version_from_overruling_its_gates(undecided: Quarter) -> None:
    engine = engine_for(undecided.town.url, KEYS)
    act = Promotion("p", undecided.report["version"], "promote", "named:甲", ("recall",), "理由", "named:甲", MOMENT)
    for said, name in ((act, "overruled_by_another"), (replace(act, by="named:乙", reason=None), "overruled_for")):
        with engine.connect() as connection:
            record(connection, PROGRAM.by, "models.promote", object_kind="model", object_id=act.version)
            with pytest.raises(IntegrityError, match=name):
                ModelRecords(connection).add(said)
    engine.dispose()


def test_a_card_altered_in_the_database_is_refused(undecided: Quarter, tmp_path: Path) -> None:
    shutil.copytree(undecided.town.folder, tmp_path / "own")
    town = replace(undecided.town, folder=tmp_path / "own")
    raw = sqlite3.connect(town.folder / "small.db")
    for trigger in ("model_cards_no_update", "model_cards_audited_update"):
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.execute("UPDATE model_cards SET payload = payload || ' '")
    raw.commit()
    raw.close()
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection, pytest.raises(CardChanged):
        Registry(connection, town.models).card(undecided.report["version"])
    engine.dispose()


# ---- planted regressions, each stopped by a gate ----


def test_an_ordinary_quarter_passes_the_gates_that_catch_the_planted_ones(quarter: Quarter, tmp_path: Path) -> None:
    report = run(quarter.town, tmp_path / "ordinary")
    for gate in ("learned", "level", "plausible", "features", "group_labels", "churn", "sources"):
        assert outcome(report, gate)["outcome"] == "met", outcome(report, gate)["reason"]
    for gate in ("group_level", "group_gain"):  # too few of most groups to tell: said so, and no pass
        assert outcome(report, gate)["outcome"] == "unknown", outcome(report, gate)["reason"]
        assert "人数太少，看不出好坏" in outcome(report, gate)["reason"]
        assert any("看不出" in group["reason"] for group in outcome(report, gate)["groups"])
    assert "看不出" in (tmp_path / "ordinary" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("is_lost", [False, True])
def test_features_are_held_against_an_open_profile_of_before_and_one_whose_key_is_gone_is_no_pass(
    quarter: Quarter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_lost: bool
) -> None:
    casebook, card = quarter.town.casebook(), Registry.card
    other = Names.under(Vault.read(new_key("k0")))
    held: Any = kept_profile(casebook)
    told = sealed_profile(held, other) if is_lost else held

    def with_profile(registry: Registry, name: str) -> Any:
        kept = card(registry, name)
        return None if kept is None else replace(kept, document={**kept.document, "profile": told})

    monkeypatch.setattr(Registry, "card", with_profile)
    found = outcome(run(quarter.town, tmp_path / "run"), "features")
    assert found["outcome"] == ("unknown" if is_lost else "met"), found["reason"]
    assert ("密钥文件中已没有" in found["reason"]) is is_lost


def _shuffled(casebook: Casebook) -> Casebook:
    """Let every act be of somebody else: each label goes to a person who never did it."""
    acts = list(casebook.interactions)
    moved = [acts[(at * 7919 + 13) % len(acts)].candidate_id for at in range(len(acts))]
    return replace(casebook, interactions=[replace(a, candidate_id=to) for a, to in zip(acts, moved, strict=True)])


def _without_places(casebook: Casebook) -> Casebook:
    """Let an import have lost where people live and what they wish."""
    people = {
        i: replace(c, region=None, wished_regions=(), wished_occupations=(), longitude=None, latitude=None)
        for i, c in casebook.candidates.items()
    }
    return replace(casebook, candidates=people)


def _without_women(casebook: Casebook) -> Casebook:
    """Let the record of one group have been left out of an import."""
    women = {i for i, c in casebook.candidates.items() if c.known_sex is not None and c.known_sex.value == "female"}
    return replace(casebook, interactions=[a for a in casebook.interactions if a.candidate_id not in women])


def _leaked(casebook: Casebook) -> Casebook:
    """Let a field of today hold what only later acts told: people wish exactly what they went on to do."""
    split = split_day(casebook, 1 - SMALL.test_share)
    title = {v.vacancy_id: v for v in casebook.vacancies}
    later: dict[str, list[Interaction]] = {}
    for act in casebook.interactions:
        if act.at > split and act.vacancy_id in title:
            later.setdefault(act.candidate_id, []).append(act)
    people = {}
    for i, person in casebook.candidates.items():
        posts = [title[act.vacancy_id] for act in later.get(i, [])]
        if posts:
            regions = tuple(dict.fromkeys(v.region for v in posts if v.region))
            words = tuple(dict.fromkeys(v.title for v in posts))
            person = replace(person, wished_occupations=words, wished_regions=regions, skills=words)
        people[i] = person
    return replace(casebook, candidates=people)


@pytest.mark.parametrize(
    ("plant", "gates"),
    [
        (_shuffled, {"learned", "level"}),
        (_without_places, {"level", "features"}),
        (_without_women, {"group_labels"}),
        (_leaked, {"plausible"}),
    ],
)
def test_a_planted_regression_is_stopped_by_a_gate(
    quarter: Quarter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Any, gates: set[str]
) -> None:
    report = run_over(monkeypatch, quarter.town, tmp_path / "planted", plant)
    stopped = {result["id"] for result in report["gates"]["results"] if result["outcome"] == "not_met"}
    assert stopped & gates, json.dumps(report["gates"]["results"], ensure_ascii=False)[:3000]
    engine = engine_for(quarter.town.url, KEYS)
    with pytest.raises(PromotionRefused), engine.begin() as connection:
        Registry(connection, quarter.town.models).promote(report["version"], by=PROGRAM.by)
    engine.dispose()
