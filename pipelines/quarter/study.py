"""What an analyst looks at in a notebook: tables and charts over the whole store, none of which tells of one person.

Notebooks import this and hold no logic of their own. Everything returned shows itself (`_repr_html_`).
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from html import escape
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine

from matching.regions import region_name
from matching.rules.rulebook import HOME, Rulebook, load_rulebook, rulebook
from matching.rules.values import Value
from matching.vocabulary import ReasonKind
from models.metrics.intervals import Interval
from pipelines.access.audit import record
from pipelines.access.roles import Action, Purpose, program_subject
from pipelines.case import load_case
from pipelines.casebook import Casebook, load_casebook
from pipelines.casework import all_facts
from pipelines.desk import Desk
from pipelines.errors import PipelineError
from pipelines.evaluate import EvaluateConfig, evaluate
from pipelines.quarter.charts import Bar, forest
from pipelines.quarter.drift import drift
from pipelines.quarter.drift_page import drift_html
from pipelines.quarter.group_words import ATTRIBUTES, group_word
from pipelines.quarter.page import table
from pipelines.quarter.profile import LABELS, bin_word, in_order, profile_of
from pipelines.quarter.report import shown
from pipelines.quarter.worth import FALLS_SHORT, FALLS_SHORT_WORD, Worth, as_rows, worth
from pipelines.ranking_model import RankingModel
from pipelines.registry import Registry
from pipelines.retraining import some_people
from pipelines.rule_preview import RuleChange, preview
from pipelines.store.session import engine_for

_SUBJECT = program_subject("notebook", Purpose.MODEL_TRAINING)
_PEOPLE = 200
_PARTS = ("parameters", "facts", "rulebook")
_NOTHING: Mapping[str, str] = {}
_PER: Mapping[str | None, str] = {"year": "（每年）", "month": "（每月）"}
_MODELS = {
    "popularity": "只看热门",
    "text": "只看文字",
    "content_and_place": "只看文字与地点",
    "content": "只看所填事实",
    "collaborative": "协同过滤",
    "factors": "因子模型",
    "hybrid": "学到的分数",
    "shortlist": "实际名单",
}
_SEGMENTS = {
    "all": "全体",
    "warm_people": "有记录的人",
    "cold_people": "没有记录的人",
    "cold_vacancies": "没有记录的岗位",
}


class Shown(str):
    """A piece of HTML that a notebook shows."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Study:
    """A store as an analyst looks at it, on the day until which the model in use has learned."""

    engine: Engine
    models: Path
    casebook: Casebook
    version: str
    model: RankingModel

    @classmethod
    def open(cls, database_url: str, models: Path, keys: str) -> "Study":
        """Open the store; that it was opened for study stands in the audit.

        Raises
        ------
        NoModel
            When no model was trained yet.
        """
        engine = engine_for(database_url, keys)
        with engine.begin() as connection:
            version, model = Registry(connection, models).champion()
            casebook = load_casebook(connection, _SUBJECT).learnable()
            record(connection, _SUBJECT.by, Action.READ_MODELS.value, object_kind="model", object_id=version)
        return cls(engine, models, casebook, version, model)

    @property
    def on(self) -> date:
        """The day that is asked for."""
        return self.model.trained_until

    # ---- the data ----

    def sizes(self) -> Shown:
        """Show how much there is, to tens."""
        rows = [
            ("求职者", len(self.casebook.candidates)),
            ("岗位", len(self.casebook.vacancies)),
            ("互动记录", len(self.casebook.interactions)),
            ("安置就业", len(self.casebook.placements)),
        ]
        return Shown(table("数据的多少（约）", ("表", "行数"), [(name, round(n, -1)) for name, n in rows]))

    def features(self) -> list[str]:
        """Return the names of the features that can be shown."""
        return list(LABELS)

    def feature(self, name: str) -> Shown:
        """Show how a feature is distributed; bins of fewer than ten are joined."""
        counts = profile_of(self.casebook)[name]
        whole = sum(counts.values()) or 1
        bins = [(bin_word(name, bin_), counts[bin_]) for bin_ in in_order(name, counts)]
        bars = [Bar(word, 100 * n / whole) for word, n in bins]
        rows = [(word, f"{n / whole:.0%}") for word, n in bins]
        chart = forest(name.replace(".", "-"), LABELS[name], bars, unit="%", mark=0.0)
        return Shown(chart + table(LABELS[name], ("取值", "比例"), rows))

    # ---- models ----

    @cached_property
    def measured(self) -> Mapping[str, Any]:
        """The models side by side, tested in time (`pipelines.evaluate`)."""
        return evaluate(self.casebook, EvaluateConfig())

    def models_side_by_side(self, segment: str = "all") -> Shown:
        """Show how well each model's lists would have met what people did later."""
        found, name = self.measured["models"], f"ndcg@{self.measured['k']}"
        held = {_MODELS.get(model, model): row[segment] for model, row in found.items()}
        bars = [_bar(model, row[name]) for model, row in held.items()]
        rows = [(model, row["n_people"], shown(row[name])) for model, row in held.items()]
        title = f"{_SEGMENTS[segment]}：{_measure(name)}"
        return Shown(forest(f"models-{segment}", title, bars) + table(title, ("模型", "人数", _measure(name)), rows))

    def differences(self) -> Shown:
        """Show the paired differences on the same people."""
        name = f"ndcg@{self.measured['k']}"
        held = {label: row["all"][name] for label, row in self.measured["differences"].items()}
        held = {" − ".join(_MODELS.get(one, one) for one in label.split(" - ")): v for label, v in held.items()}
        bars = [_bar(label, value) for label, value in held.items()]
        rows = [(label, shown(value)) for label, value in held.items()]
        title = f"同一批人逐人相减：{_measure(name)}"
        return Shown(forest("differences", title, bars, mark=0.0) + table(title, ("比较", "相差"), rows))

    def groups(self, attribute: str) -> Shown:
        """Show how well lists met what people of each group did later; small groups are not shown."""
        name = f"recall@{self.measured['k']}"
        held = self.measured["groups"].get(attribute, {})
        label = ATTRIBUTES.get(attribute, attribute)
        bars = [_bar(group_word(attribute, group), row[name]) for group, row in held.items() if name in row]
        rows = [(group_word(attribute, group), row["n_people"], shown(row.get(name))) for group, row in held.items()]
        title = f"按{label}：{_measure(name)}"
        return Shown(forest(f"by-{attribute}", title, bars) + table(title, ("人群", "人数", _measure(name)), rows))

    # ---- explanations ----

    @cached_property
    def worth(self) -> Worth:
        """What the reasons of lists are worth (`pipelines.quarter.worth`), over people drawn evenly."""
        desk = Desk.open(self.casebook, self.model, self.version, self.on)
        return worth(desk, some_people(self.casebook, _PEOPLE))

    def reasons_put_it_there(self) -> Shown:
        """Show how many places a line loses without what its reasons speak of, and without the rest."""
        found = self.worth
        bars = [
            _interval_bar("理由所说的", found.said_lost),
            _interval_bar("理由没说的", found.unsaid_lost),
            _interval_bar("两者之差", found.said_more),
        ]
        chart = forest("deletion", "去掉之后名次下降几位", bars, mark=0.0)
        rows = [(label, _interval_words(value)) for label, value in as_rows(found)]
        return Shown(chart + table(f"理由的价值（{found.n_people} 人的前十位）", ("测量", "值"), rows))

    def worth_by_kind(self) -> Shown:
        """Show how many places what each kind of reason speaks of is worth, over the lines that say it.

        A reason that warns costs places where it is true: without what it warns of the line would stand higher.
        """
        held = [(_kind_word(kind), value) for kind, value in self.worth.by_kind.items()]
        chart = forest("by-kind", "去掉一类理由所说的，名次下降几位", [_interval_bar(*one) for one in held], mark=0.0)
        rows = [(label, _interval_words(value)) for label, value in held]
        return Shown(chart + table("按理由的类别", ("类别", "名次下降（位）"), rows))

    # ---- policy ----

    def what_if(
        self, parameter: str, value: str, *, region: str | None = None, suppose: Mapping[str, str] = _NOTHING
    ) -> Shown:
        """Show whom it would concern if a number of the law were another from its latest version on.

        `region` picks the version of a place. Where a unit's fact is not known, `suppose` gives a number for it; the
        caption says so. Of units with placements whose count is open none is supposed to count nobody.

        Raises
        ------
        PipelineError
            When there is no such parameter, or none for the place.
        """
        with TemporaryDirectory() as scratch:
            for part in _PARTS:
                shutil.copytree(HOME / part, Path(scratch) / part)
            was = _change(Path(scratch), parameter, value, region)
            proposed = load_rulebook(Path(scratch))
        now = rulebook()
        with self.engine.connect() as connection:
            case = load_case(connection, _SUBJECT)
            facts = all_facts(case, now, self.on)
        employed = {one.employer_id for one in case.placements}
        units = {
            key: {**_supposed(suppose, has_placements=key in employed), **held}
            for key, held in facts["employer"].items()
        }
        found = preview(now, proposed, facts["person"], units, self.on, facts["placement"])
        place = f"（{region_name(region)}）" if region else ""
        caption = f"如果“{now.parameters[parameter].title}”{place}由 {was} 改为 {value}"
        if suppose:
            told = "；".join(f"{now.facts[name].label}按 {number}" for name, number in suppose.items())
            caption += f"（假定：没有登记的，{told}；有安置登记的单位不假定安排人数）"
        if not found.changes:
            return Shown(f"<p>{escape(caption)}：没有人或单位的结果改变。</p>")
        head = ("规则", "依据", "影响约多少个", "其中金额已知", "金额合计变化（元）", "仍需人工核实")
        rows = [
            (
                c.title,
                _clause(now, c.rule_id, self.on),
                _about(c.concerned),
                _about(c.priced) if c.priced else "无",
                _amount(now, c),
                _about(c.unknown) if c.unknown else "无",
            )
            for c in found.changes
        ]
        return Shown(table(caption, head, rows))

    # ---- the quarter ----

    def gates(self) -> Shown:
        """Show the gates of the version in use, where a cycle made it."""
        with self.engine.connect() as connection:
            card = Registry(connection, self.models).card(self.version)
        if card is None:
            return Shown("<p>现用版本不是由季度流程产生的，没有核查记录：请先运行 yougang quarter。</p>")
        rows = [(r["label"], r["word"], r["reason"]) for r in card.document["gates"]["results"]]
        return Shown(table(f"版本 {self.version}", ("核查", "结果", "依据"), rows))

    def drift(self, months: int = 6) -> Shown:
        """Show what moved in the last whole months."""
        page = drift_html(drift(self.casebook, self.model, self.on, months=months))
        return Shown(page.partition("<main>")[2].partition("</main>")[0])


def _kind_word(kind: str) -> str:
    return FALLS_SHORT_WORD if kind == FALLS_SHORT else ReasonKind(kind).label


def _interval_bar(label: str, value: Interval | None) -> Bar:
    return Bar(label, None) if value is None else Bar(label, value.mean, value.low, value.high)


def _interval_words(value: Interval | None) -> str:
    return "无法测量" if value is None else f"{value.mean:.2f}［{value.low:.2f}，{value.high:.2f}］，n={value.n}"


def _bar(label: str, value: Any) -> Bar:
    return Bar(label, None) if value is None else Bar(label, value["mean"], value["low"], value["high"])


def _measure(name: str) -> str:
    """Return a measure's name, as `recall@10`, in words."""
    kind, _, k = name.partition("@")
    return f"前{k}位的{ {'recall': '召回率', 'ndcg': '排序质量（NDCG）'}[kind] }"


def _about(n: int) -> str:
    return "少于10" if n < 10 else str(round(n, -1))


_DIGITS = 2
"""Amounts are told to so many digits: divided by what one person gets, an exact one would tell the count."""


def _amount(book: Rulebook, change: RuleChange) -> str:
    """Return what all together would get or owe more; of fewer than ten people nothing, for it tells how many."""
    if not change.priced:
        return "—"
    per = _PER.get(_per(book, change.rule_id), "")
    if book.rule(change.rule_id).rule.subject == "employer":
        return f"{change.difference:+,.0f}{per}"
    if change.priced < 10:
        return "少于10人，不列出"
    digits = len(str(abs(int(change.difference))))
    return f"约{round(float(change.difference), _DIGITS - digits):+,.0f}{per}"


def _supposed(suppose: Mapping[str, str], *, has_placements: bool) -> dict[str, Value]:
    """Return the supposed facts of a unit, exact; how many it employs is supposed only where nobody is on record."""
    return {name: Fraction(n) for name, n in suppose.items() if not (has_placements and name == "annual_count")}


def _per(book: Rulebook, rule_id: str) -> str | None:
    amount = book.rule(rule_id).rule.body.amount
    return None if amount is None else amount.per


def _clause(book: Rulebook, rule_id: str, on: date) -> str:
    version = book.rule(rule_id).rule.version_on(on)
    return "—" if version is None else f"{version.source.document} {version.source.clause}"


def _change(folder: Path, parameter: str, value: str, region: str | None) -> str:
    """Write another value into the latest version of a parameter, of a place if named; return what it was."""
    found: Sequence[Path] = [
        path
        for path in (folder / "parameters").rglob("*.yaml")
        if path.read_text(encoding="utf-8").startswith(f"id: {parameter}\n")
    ]
    if not found:
        raise PipelineError("没有这个参数")
    lines = found[0].read_text(encoding="utf-8").split("\n")
    begins = [at for at, line in enumerate(lines) if line.strip().startswith("- valid_from:")] + [len(lines)]
    held = [
        at
        for first, after in pairwise(begins)
        for at in range(first, after)
        if lines[at].strip().startswith("value:")
        and (region is None or any(line.strip() == f'region: "{region}"' for line in lines[first:after]))
    ]
    if not held:
        raise PipelineError("这个参数没有这个地区的规定")
    was = lines[held[-1]].partition("value:")[2].strip().strip('"')
    lines[held[-1]] = lines[held[-1]].partition("value:")[0] + f'value: "{value}"'
    found[0].write_text("\n".join(lines), encoding="utf-8")
    return was
