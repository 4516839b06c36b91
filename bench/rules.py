"""Benchmarks of the rules: columns against one by one, one package with its trace, a like rule in OpenFisca."""

import statistics
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from matching.rules.benefits import package
from matching.rules.bulk import Columns, decide_all
from matching.rules.columns import Array, Column, Reasons, Records
from matching.rules.evaluation import decide
from matching.rules.rulebook import FactDefinition, Rulebook, load_rulebook, rulebook
from matching.rules.values import Kind, Unknown, Value, day_number

TODAY = date(2026, 11, 23)
PEOPLE, EMPLOYERS, ALONE = 100_000, 20_000, 150
MISSING_SHARE = 0.3
WORDS = ("poverty_exited", "monitored", "dibao", "zero_employment", "企业", "残疾人毕业生", "其他")
BLANK = Reasons()
"""No bits: a value read with it is known or unknown for no reason told."""
PLACES = ("620102", "620103", "620502", "620922", "621022", "622901", "623001")


def rule_rows() -> list[dict[str, Any]]:
    """Return the rows of the table."""
    book, rng = rulebook(), np.random.default_rng(20261123)
    rows: list[dict[str, Any]] = []
    for subject, size in (("person", PEOPLE), ("employer", EMPLOYERS)):
        rules = [rule_id for rule_id, read in sorted(book.rules.items()) if read.rule.subject == subject]
        columns = invented(book, rules, size, rng)
        start = time.perf_counter()
        for rule_id in rules:
            decide_all(book, rule_id, columns, TODAY)
        bulk = time.perf_counter() - start
        cases = [case(columns, row) for row in range(ALONE)]
        start = time.perf_counter()
        for facts in cases:
            for rule_id in rules:
                decide(book, rule_id, facts, TODAY)
        alone = time.perf_counter() - start
        rows.append(_row(f"rules: {len(rules)} {subject} rules for {size:,}, as columns", bulk, 1))
        rows.append(_row(f"rules: the same for one {subject}, one by one", alone, ALONE))
        ratio = (alone / ALONE) / (bulk / size)
        rows.append({"what": f"rules: columns are this many times faster ({subject})", "ratio": round(ratio, 1)})
    rows += _packages(book, rng)
    return rows + _beside_openfisca()


def _row(what: str, seconds: float, n: int) -> dict[str, Any]:
    return {"what": what, "each_ms": 1000 * seconds / n, "per_second": n / seconds, "n": n}


def invented(book: Rulebook, rules: list[str], size: int, rng: np.random.Generator) -> Columns:
    """Return columns of invented facts for the rules, three in ten missing."""
    names = sorted({fact for rule_id in rules for fact in book.rule(rule_id).inputs.values()})
    return Columns(size, {name: _column(name, book.facts[name], size, rng) for name in names})


def _column(name: str, definition: FactDefinition, size: int, rng: np.random.Generator) -> Column | Records:
    why = (rng.random(size) < MISSING_SHARE).astype(np.uint64)
    if definition.kind is Kind.RECORDS:
        owner = np.repeat(np.arange(size), 2)
        blank = np.zeros(1, dtype=np.uint64)
        fields = {
            field: Column(kind, *_values(kind, field, definition, len(owner), rng)[:1], blank)
            if kind not in (Kind.TEXT, Kind.TEXTS)
            else Column(kind, rng.integers(0, len(WORDS), len(owner)), blank, labels=WORDS)
            for field, kind in definition.fields.items()
        }
        return Records(size, owner, fields, why)
    kind = Kind.DATE if definition.kind is Kind.MONTH else definition.kind
    data, labels = _values(kind, name, definition, size, rng)
    return Column(kind, data, why, labels=labels)


def _values(
    kind: Kind, name: str, definition: FactDefinition, size: int, rng: np.random.Generator
) -> tuple[Array, tuple[Any, ...]]:
    if kind is Kind.FLAG:
        return rng.random(size) < 0.5, ()
    if kind is Kind.NUMBER:
        return rng.integers(0, 60, size), ()
    if kind in (Kind.DATE, Kind.MONTH):
        first, last = (1960, 2008) if name == "birth_date" else (2018, 2027)
        return rng.integers(day_number(date(first, 1, 1)), day_number(date(last, 1, 1)), size), ()
    if kind is Kind.TEXTS:
        lists = tuple((word,) for word in WORDS)
        return rng.integers(0, len(lists), size), lists
    words = PLACES if "区划代码" in definition.label else tuple(definition.values) or WORDS
    return rng.integers(0, len(words), size), words


def case(columns: Columns, row: int) -> dict[str, Value]:
    """Return one row as facts of a single case."""
    found: dict[str, Value] = {}
    for name, column in columns.facts.items():
        if isinstance(column, Records):
            if column.why[row] == 0:
                entries = np.flatnonzero(column.owner == row)
                found[name] = tuple(
                    {field: held.value(int(entry), Reasons()) for field, held in column.fields.items()}
                    for entry in entries
                )
        elif not isinstance(value := column.value(row, BLANK), Unknown):
            found[name] = value
    return found


def _packages(book: Rulebook, rng: np.random.Generator) -> list[dict[str, Any]]:
    rules = [rule_id for rule_id, read in book.rules.items() if read.rule.kind == "benefit"]
    needed = {other for rule_id in rules for other in book.rule(rule_id).rule.requires}
    columns = invented(book, [*rules, *sorted(needed)], 60, rng)
    times = []
    for row in range(60):
        facts: Mapping[str, Value] = case(columns, row)
        start = time.perf_counter()
        package(book, ("person", "employer", "placement"), facts, TODAY)
        times.append(time.perf_counter() - start)
    return [
        _row("rules: one full package of a placement with trace, median", statistics.median(times), 1),
        _row("rules: one full package of a placement with trace, slowest of 60", max(times), 1),
    ]


# -- a like rule in OpenFisca's country template: a sum for everybody of age ------------------------------------------

LIKE_RULE = """
id: basic_income
title: basic income of the country template
kind: benefit
subject: person
inputs: [birth_date]
body:
  let:
    age: floor(months_between(birth_date, as_of) / 12)
  conditions: {is: age >= p.age_of_majority, text: of age}
  amount: {is: p.amount, per: month}
versions:
  - valid_from: 2016-12-01
    source: {document: openfisca-country-template, clause: basic_income, status: convention}
"""
LIKE_NUMBERS = {"age_of_majority": "18", "amount": "600"}
LIKE_FACTS = "facts:\n  birth_date: {label: birth, kind: date, who: the person}\n"


def _like_book(folder: Path) -> Rulebook:
    for part in ("parameters", "facts", "rulebook"):
        (folder / part).mkdir()
    for name, value in LIKE_NUMBERS.items():
        text = (
            f"id: basic_income.{name}\ntitle: {name}\nunit: x\nversions:\n  - valid_from: 2015-12-01\n"
            f'    region: "000000"\n    value: "{value}"\n'
            "    source: {document: openfisca-country-template, clause: parameters, status: convention}\n"
        )
        (folder / "parameters" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "facts" / "all.yaml").write_text(LIKE_FACTS, encoding="utf-8")
    (folder / "rulebook" / "rule.yaml").write_text(LIKE_RULE, encoding="utf-8")
    return load_rulebook(folder)


def _beside_openfisca() -> list[dict[str, Any]]:
    """Time the same rule for the same people in both; a row says so where OpenFisca is not installed."""
    try:
        from openfisca_core.simulation_builder import SimulationBuilder
        from openfisca_country_template import CountryTaxBenefitSystem
    except ImportError:
        return [{"what": "rules: OpenFisca is not installed (requirements-bench.lock), no row beside it", "ratio": 0}]
    rng = np.random.default_rng(7)
    born = rng.integers(day_number(date(1950, 1, 1)), day_number(date(2015, 1, 1)), PEOPLE)
    with TemporaryDirectory() as scratch:
        book = _like_book(Path(scratch))
    people = Columns(PEOPLE, {"birth_date": Column(Kind.DATE, born, np.zeros(1, dtype=np.uint64))})
    system = CountryTaxBenefitSystem()

    def theirs() -> float:
        simulation = SimulationBuilder().build_default_simulation(system, PEOPLE)
        simulation.set_input("birth", "2026-11", born.astype("datetime64[D]"))
        start = time.perf_counter()
        paid = simulation.calculate("basic_income", "2026-11")
        took = time.perf_counter() - start
        return took if float(paid.sum()) > 0 else float("nan")

    def ours() -> float:
        start = time.perf_counter()
        answers = decide_all(book, "basic_income", people, date(2026, 11, 1))
        took = time.perf_counter() - start
        return took if answers.amount is not None and answers.outcomes().sum() > 0 else float("nan")

    pairs = [(theirs(), ours()) for _ in range(7)]
    their, our = (statistics.median(times) for times in zip(*pairs, strict=True))
    return [
        _row(f"rules: basic income for {PEOPLE:,} in OpenFisca's country template", their, 1),
        _row(f"rules: the same rule for the same {PEOPLE:,} here, three-valued", our, 1),
        {"what": "rules: OpenFisca's time over ours", "ratio": round(their / our, 2)},
    ]
