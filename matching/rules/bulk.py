"""A rule applied to columns of cases: the same answers as `matching.rules.evaluation` gives one by one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from matching.rules import columns as col
from matching.rules.columns import Array, Column, Reasons, Records
from matching.rules.evaluation import RoundedStep
from matching.rules.expressions import Batch, Let
from matching.rules.functions import inside_columns
from matching.rules.rulebook import AS_OF, FactDefinition, ReadBody, ReadCondition, ReadRule, Rulebook
from matching.rules.values import NOTHING, Kind, Lack, Unknown, Value, day_number, day_of, missing, read_number


@dataclass(frozen=True, slots=True)
class Columns:
    """Facts of many cases, by their names in the dictionary; a fact without a column is unknown for all.

    In these columns `why` is 1 where the fact is missing and 0 where it is known.
    """

    rows: int
    facts: Mapping[str, Column | Records]

    def take(self, rows: Array) -> "Columns":
        """Return the cases asked for."""
        return Columns(len(rows), {name: column.take(rows) for name, column in self.facts.items()})


@dataclass(frozen=True, slots=True)
class _Work:
    """The columns of one question, with the bits that its reasons have."""

    columns: Columns
    reasons: Reasons

    @property
    def rows(self) -> int:
        return self.columns.rows

    def take(self, rows: Array) -> "_Work":
        return _Work(self.columns.take(rows), self.reasons)

    def fact(self, name: str, definition: FactDefinition) -> Column | Records:
        """Return a fact's column with its own bit where it is missing."""
        blank = missing(name, definition.lack)
        word = self.reasons.mask(blank)
        found = self.columns.facts.get(name)
        if isinstance(found, Records):
            fields = {key: self._marked(held, missing(f"{name}.{key}")) for key, held in found.fields.items()}
            return replace(found, fields=fields, why=np.where(found.why != 0, word, np.uint64(0)))
        if found is not None:
            return self._marked(found, blank)
        if definition.kind is Kind.RECORDS:
            empty = np.zeros(0, dtype=np.int64)
            fields = {key: col.unknown(kind, blank, self.reasons) for key, kind in definition.fields.items()}
            return Records(self.rows, empty, fields, np.array([word], dtype=np.uint64))
        kind = Kind.DATE if definition.kind is Kind.MONTH else definition.kind
        return col.unknown(kind, blank, self.reasons)

    def _marked(self, column: Column, blank: Unknown) -> Column:
        if not column.why.any():
            return column
        return replace(column, why=np.where(column.why != 0, self.reasons.mask(blank), np.uint64(0)))


@dataclass(frozen=True, slots=True)
class Answers:
    """A rule's answers for many cases: `held` is the outcome, `amount` None where the rule pays nothing."""

    rule_id: str
    held: Column
    amount: Column | None
    results: Mapping[str, Column]
    reasons: Reasons
    rows: int

    def outcomes(self) -> Array:
        """Return for each case 1 met, 0 not met, -1 unknown."""
        held = self.held.full(self.rows)
        return np.where(held.why != 0, -1, held.data.astype(np.int64))


def columns_of(book: Rulebook, cases: Sequence[Mapping[str, Value]]) -> Columns:
    """Return facts read case by case as columns."""
    names = sorted({name for case in cases for name in case})
    facts = {name: _column(book.facts[name], [case.get(name, NOTHING) for case in cases]) for name in names}
    return Columns(len(cases), facts)


def _column(definition: FactDefinition, values: Sequence[Value]) -> Column | Records:
    if definition.kind is Kind.RECORDS:
        return _records(values, definition.fields)
    return _plain(definition.kind, values)


def _plain(kind: Kind, values: Sequence[Value]) -> Column:
    """Return a column whose `why` is 1 where the value is unknown, for whatever reason."""
    column = col.from_values(values, Kind.DATE if kind is Kind.MONTH else kind, Reasons())
    return replace(column, why=(column.why != 0).astype(np.uint64))


def _records(values: Sequence[Any], fields: Mapping[str, Kind]) -> Records:
    why = np.array([isinstance(value, Unknown) for value in values], dtype=np.uint64)
    lists = [() if isinstance(value, Unknown) else value for value in values]
    owner = np.repeat(np.arange(len(values)), [len(entries) for entries in lists])
    columns = {
        field: _plain(kind, [entry.get(field, NOTHING) for entries in lists for entry in entries])
        for field, kind in fields.items()
    }
    return Records(len(values), owner, columns, why)


@dataclass(frozen=True, slots=True)
class _OtherColumns:
    book: Rulebook
    work: _Work
    answered: dict[tuple[str, str], Column]

    def many(self, batch: Batch, rule_id: str, output: str) -> Column:
        if batch.outer is not None and batch.records is not None:  # inside a list: the answer of each entry's case
            return self.many(batch.outer, rule_id, output).take(batch.records.owner)
        key = (rule_id, output)
        if key not in self.answered:
            self.answered[key] = _in_versions(self.book, rule_id, self.work, batch.as_of, self, output)
        return self.answered[key]


def _in_versions(
    book: Rulebook, rule_id: str, work: _Work, as_of: Column, others: _OtherColumns, output: str
) -> Column:
    answers = _answer(book, rule_id, work, as_of, others, output)
    if output == "met":
        return answers.held
    if output == "amount" and answers.amount is not None and output not in answers.results:
        return answers.amount
    return answers.results[output]


def decide_all(book: Rulebook, rule_id: str, columns: Columns, as_of: date | Column) -> Answers:
    """Answer one rule for many cases at once; each row is the answer that `decide` gives.

    `as_of` is one day, or a column of days, one a case.
    """
    work = _Work(columns, Reasons())
    days = as_of if isinstance(as_of, Column) else col.constant(as_of, work.reasons)
    return _answer(book, rule_id, work, days, _OtherColumns(book, work, {}))


def _batch(book: Rulebook, read: ReadRule, work: _Work, as_of: Column, others: _OtherColumns) -> Batch:
    facts: dict[str, Column | Records] = {AS_OF: as_of}
    facts |= {local: work.fact(fact, book.facts[fact]) for local, fact in read.inputs.items()}
    batch = Batch(work.rows, facts, {}, as_of, None, others, as_of, work.reasons)
    batch.day = read.day.many(batch)
    if read.region is not None:
        batch.region = read.region.many(batch)
    return batch


def _answer(
    book: Rulebook, rule_id: str, work: _Work, as_of: Column, others: _OtherColumns, wanted: str = ""
) -> Answers:
    read = book.rule(rule_id)
    batch = _batch(book, read, work, as_of, others)
    which = _which_version(read, batch)
    different, _ = col.distinct(which)
    if len(different) == 1:
        return _answer_version(read, batch, int(different[0]), wanted)
    which = np.broadcast_to(which, (work.rows,))
    parts = []
    for place in different:
        rows = np.flatnonzero(which == place)
        inner = _OtherColumns(book, work.take(rows), {})
        part = _batch(book, read, inner.work, as_of.take(rows), inner)
        parts.append((rows, _answer_version(read, part, int(place), wanted)))
    return _joined(rule_id, work, parts)


def _which_version(read: ReadRule, batch: Batch) -> Array:
    """Return for each row the place of the wording in force, -1 for none."""
    by_year = batch.day.kind is Kind.NUMBER
    asked = batch.day.data // batch.day.den if by_year else batch.day.data
    days, back = col.distinct(asked)
    versions = list(read.rule.versions)

    def place(day: int) -> int:
        found = read.rule.version_in_year(day) if by_year else read.rule.version_on(day_of(day))
        return -1 if found is None else versions.index(found)

    which = np.array([place(int(day)) for day in days], dtype=np.int64)[back]
    return np.where(batch.day.why != 0, -1, which)


def _answer_version(read: ReadRule, batch: Batch, place: int, wanted: str) -> Answers:
    rows = batch.rows
    if place < 0:
        return _no_answers(read, batch)
    body = read.bodies[place]
    batch.lets = {name: RoundedStep(name, body) for name in body.lets}
    held = None
    if body.conditions is not None:
        leaves: list[tuple[str, Column]] = []
        held = _held_columns(batch, body.conditions, leaves)
        batch.failing = tuple(leaves)
    amount = None
    if body.amount is not None:
        amount = body.amount[1].many(batch)
        rounding = body.amount[0].rounding
        if rounding is not None:
            amount = col.rounded(amount, read_number(rounding.base), rounding.direction)
        if held is not None:
            refused = held.known & ~held.data
            none = batch.reasons.mask(NOTHING)
            amount = replace(amount, why=np.where(refused, none, amount.why))
    results = {name: _result_columns(batch, body, name) for name in body.results if body.results[name][0].each is None}
    if held is None:
        open_words = np.zeros(1, dtype=np.uint64)
        none = batch.reasons.mask(NOTHING)
        for name, column in results.items():
            if name in body.results:
                open_words = open_words | np.where(column.why == none, np.uint64(0), column.why)
        held = col.flags(np.ones(1, dtype=bool), open_words)
    if wanted in body.lets and wanted not in results:
        results[wanted] = Let(wanted).many(batch)
    return Answers(read.rule.id, held, amount, results, batch.reasons, rows)


def _no_answers(read: ReadRule, batch: Batch) -> Answers:
    first = read.rule.versions[0].valid_from
    if batch.day.kind is Kind.NUMBER:
        early = batch.day.data // batch.day.den < first.year
    else:
        early = batch.day.data < day_number(first)
    before = batch.reasons.mask(missing(read.rule.id, Lack.NOT_IN_FORCE))
    after = batch.reasons.mask(missing(read.rule.id, Lack.EXPIRED))
    why = np.where(batch.day.why != 0, batch.day.why, np.where(early, before, after))
    held = col.flags(np.zeros(len(why), dtype=bool), why)
    amount = Column(Kind.NUMBER, np.zeros(len(why), dtype=np.int64), why)
    results = {name for body in read.bodies for name, (result, _) in body.results.items() if result.each is None}
    names = results | {name for body in read.bodies for name in body.lets}
    return Answers(read.rule.id, held, amount, dict.fromkeys(names, amount), batch.reasons, batch.rows)


def _held_columns(batch: Batch, condition: ReadCondition, leaves: list[tuple[str, Column]]) -> Column:
    source = condition.source
    if condition.node is not None:
        held = condition.node.many(batch)
        if held.kind is not Kind.FLAG:
            held = col.flags(np.zeros(len(held.data), dtype=bool), held.why)
        leaves.append((source.code or source.text, held))
        return held
    first = len(leaves)
    inner = [_held_columns(batch, child, leaves) for child in condition.children]
    if source.any is not None:
        held = col.either(inner)
        leaves[first:] = [(code, col.either([leaf, held])) for code, leaf in leaves[first:]]
    if source.negated is not None:
        return col.negated(inner[0])
    return col.both(inner) if source.all is not None else col.either(inner)


def _result_columns(batch: Batch, body: ReadBody, name: str) -> Column:
    result, nodes = body.results[name]
    found = nodes[""].many(batch)
    if result.rounding is not None:
        found = col.rounded(found, read_number(result.rounding.base), result.rounding.direction)
    return found


def list_results(
    book: Rulebook, rule_id: str, columns: Columns, as_of: date, name: str
) -> tuple[Mapping[str, Column], Reasons]:
    """Return a list result for many cases: one column a field, one row an entry, in the order of the facts."""
    read, work = book.rule(rule_id), _Work(columns, Reasons())
    batch = _batch(book, read, work, col.constant(as_of, work.reasons), _OtherColumns(book, work, {}))
    body = read.bodies[int(_which_version(read, batch)[0])]
    batch.lets = {step: RoundedStep(step, body) for step in body.lets}
    result, nodes = body.results[name]
    inner, _ = inside_columns(batch, str(result.each))
    inner.lets = batch.lets
    found = {key: node.many(inner) for key, node in nodes.items()}
    if result.rounding is not None:
        base, way = read_number(result.rounding.base), result.rounding.direction
        found = {k: col.rounded(c, base, way) if c.kind is Kind.NUMBER else c for k, c in found.items()}
    return found, work.reasons


def _joined(rule_id: str, work: _Work, parts: Iterable[tuple[Array, Answers]]) -> Answers:
    held_all, amounts = [], []
    named: dict[str, list[tuple[Array, Column]]] = {}
    order = []
    for rows, answers in parts:
        order.append(rows)
        size = len(rows)
        held_all.append(answers.held.full(size))
        amounts.append(None if answers.amount is None else answers.amount.full(size))
        for name, column in answers.results.items():
            named.setdefault(name, []).append((rows, column.full(size)))
    rows = np.concatenate(order)
    held = _stacked(rows, held_all, work.rows)
    kept = [column for column in amounts if column is not None]
    amount = None
    if kept:
        none = col.constant(NOTHING, work.reasons)
        amount = _stacked(
            rows,
            [none.full(len(order[place])) if column is None else column for place, column in enumerate(amounts)],
            work.rows,
        )
    results = {}
    for name, pieces in named.items():
        covered = np.concatenate([piece[0] for piece in pieces])
        results[name] = _stacked(covered, [piece[1] for piece in pieces], work.rows, work.reasons)
    return Answers(rule_id, held, amount, results, work.reasons, work.rows)


def _stacked(rows: Array, pieces: Sequence[Column], size: int, reasons: Reasons | None = None) -> Column:
    """Put pieces back in the order of the cases; rows that no piece covers are 'none'."""
    model = next((piece for piece in pieces if not piece.why.all()), pieces[0])
    alike = [
        piece if piece.kind is model.kind else replace(col.unlike(piece, model), why=piece.why) for piece in pieces
    ]
    joined = alike[0]
    data, whys, dens = [], [], []
    labels = list(model.labels)
    for piece in alike:
        if model.kind in (Kind.TEXT, Kind.TEXTS):
            table = []
            for label in piece.labels:
                if label not in labels:
                    labels.append(label)
                table.append(labels.index(label))
            data.append(np.array(table or [0], dtype=np.int64)[piece.data])
        else:
            data.append(piece.data)
        whys.append(piece.why)
        dens.append(
            piece.den if not isinstance(piece.den, int) else np.full(len(piece.data), piece.den, dtype=np.int64)
        )
    blank = np.uint64(0) if reasons is None else reasons.mask(NOTHING)
    objects = any(part.dtype == object for part in data)
    out = np.zeros(size, dtype=object if objects else data[0].dtype)
    why = np.full(size, blank, dtype=np.uint64)
    den = np.ones(size, dtype=object if any(part.dtype == object for part in dens) else np.int64)
    out[rows], why[rows], den[rows] = np.concatenate(data), np.concatenate(whys), np.concatenate(dens)
    if len(den) and (den == den[0]).all():
        return Column(joined.kind, out, why, int(den[0]), tuple(labels))
    return Column(joined.kind, out, why, den, tuple(labels))
