"""A rule applied to one case: the answer with its grounds. `matching.rules.bulk` answers columns of cases alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from matching.errors import RuleInputError
from matching.rules import columns as col
from matching.rules.columns import Column
from matching.rules.decision import ConditionTrace, Decision, Lacking, Outcome, UsedParameter
from matching.rules.expressions import Batch, Case, Compare, Node
from matching.rules.functions import PLACE_NAME, each_one
from matching.rules.rulebook import AS_OF, Amount, ReadBody, ReadCondition, ReadRule, Rounding, Rulebook, RuleVersion
from matching.rules.values import (
    NOTHING,
    Lack,
    Unknown,
    Value,
    Why,
    all_of,
    any_of,
    because,
    missing,
    read_number,
    read_value,
    rounded,
    shown,
)

Facts = Mapping[str, object]
"""Facts by their names in the dictionary; what is absent or None is unknown."""


@dataclass(frozen=True, slots=True)
class _OtherRules:
    book: Rulebook
    facts: Mapping[str, Value]
    prepared: dict[str, tuple[Case, RuleVersion | None, ReadBody | None]]

    def one(self, case: Case, rule_id: str, output: str) -> Value:
        read = self.book.rule(rule_id)
        if rule_id not in self.prepared:
            self.prepared[rule_id] = _prepare(self.book, read, self.facts, case.as_of, self)
        inner, version, body = self.prepared[rule_id]
        if version is None or body is None:
            return _no_version(read, inner.day)
        value = _result_of(inner, read, body, output)
        case.used.update(inner.used)
        return value


def _result_of(case: Case, read: ReadRule, body: ReadBody, output: str) -> Value:
    if output == "met":
        held = _condition(case, body)
        return True if held is None else held
    if output in body.lets and output not in body.results:
        _condition(case, body)
        return _let(case, body, output)
    if output == "amount" and body.amount is not None and output not in body.results:
        value = _amount(case, body, _condition(case, body))
        return NOTHING if value is None else value
    _condition(case, body)
    result, nodes = body.results[output]
    return _round(nodes[""].one(case), result.rounding)


def _condition(case: Case, body: ReadBody) -> bool | Unknown | None:
    if body.conditions is None:
        return None
    leaves: list[tuple[str, bool | Unknown]] = []
    held = _held(case, body.conditions, leaves)
    case.failing = tuple(leaves)
    return held


def _held(case: Case, condition: ReadCondition, leaves: list[tuple[str, bool | Unknown]]) -> bool | Unknown:
    source = condition.source
    if condition.node is not None:
        value = condition.node.one(case)
        held = value if isinstance(value, bool | Unknown) else because()
        leaves.append((source.code or source.text, held))
        return held
    first = len(leaves)
    inner = [_held(case, child, leaves) for child in condition.children]
    if source.any is not None:  # what one of several alternatives lacks is no failure where another holds
        held = any_of(inner)
        leaves[first:] = [(code, any_of([leaf, held])) for code, leaf in leaves[first:]]
    return _together(condition, inner)


def _round(value: Value, rounding: Rounding | None) -> Value:
    if rounding is None or not isinstance(value, Fraction):
        return value
    return rounded(value, read_number(rounding.base), rounding.direction)


def _let(case: Case, body: ReadBody, name: str) -> Value:
    if name not in case.memo:
        case.memo[name] = _round(body.lets[name].one(case), body.steps[name].rounding)
    return case.memo[name]


def _no_version(read: ReadRule, day: object) -> Unknown:
    if isinstance(day, Unknown):
        return day
    first = read.rule.versions[0].valid_from
    early = day < first if isinstance(day, date) else int(str(day)) < first.year
    return missing(read.rule.id, Lack.NOT_IN_FORCE if early else Lack.EXPIRED)


def _prepare(
    book: Rulebook, read: ReadRule, facts: Mapping[str, Value], as_of: date, others: _OtherRules
) -> tuple[Case, RuleVersion | None, ReadBody | None]:
    held: dict[str, Value] = {
        local: facts.get(fact, missing(fact, book.facts[fact].lack)) for local, fact in read.inputs.items()
    }
    held[AS_OF] = as_of
    case = Case(held, {}, as_of, None, others, as_of)
    day = read.day.one(case)
    case.day = day.numerator // day.denominator if isinstance(day, Fraction) else day  # type: ignore[assignment]  # a day, a year or unknown
    if read.region is not None:
        case.region = read.region.one(case)  # type: ignore[assignment]  # a code or unknown
    version = _version_of(read, case.day)
    if version is None:
        return case, None, None
    body = read.body_of(version)
    case.lets = {name: RoundedStep(name, body) for name in body.lets}
    return case, version, body


@dataclass(frozen=True, slots=True)
class RoundedStep:
    """A step with its rounding, as other expressions see it."""

    name: str
    body: ReadBody

    def one(self, case: Case) -> Value:
        return _round(self.body.lets[self.name].one(case), self.body.steps[self.name].rounding)

    def many(self, batch: Batch) -> Column:
        found = self.body.lets[self.name].many(batch)
        rounding = self.body.steps[self.name].rounding
        return found if rounding is None else col.rounded(found, read_number(rounding.base), rounding.direction)

    def told(self, case: Case) -> str:
        return self.body.lets[self.name].told(case)


def _version_of(read: ReadRule, day: date | int | Unknown) -> RuleVersion | None:
    # Where the day is unknown, so is which wording applies: nothing is decided on a guess.
    if isinstance(day, Unknown):
        return None
    return read.rule.version_in_year(day) if isinstance(day, int) else read.rule.version_on(day)


def _amount(case: Case, body: ReadBody, held: bool | Unknown | None) -> Fraction | Unknown | None:
    if body.amount is None or held is False:
        return None
    # Where the conditions are open, the sum is told for the case that they are answered yes; it is no claim yet.
    return _money(body.amount[1].one(case), body.amount[0])


def _money(value: Value, amount: Amount) -> Fraction | Unknown | None:
    found = _round(value, amount.rounding)
    return found if isinstance(found, Fraction | Unknown) else None


def read_facts(book: Rulebook, read: ReadRule, inputs: Mapping[str, object]) -> dict[str, Value]:
    """Read facts given under the rule's own names, as in the worked examples.

    Raises
    ------
    RuleInputError
        For a name that the rule does not know or a value of the wrong kind.
    """
    flat = _flatten(inputs, read)
    for name in flat:
        if name not in read.inputs:
            raise RuleInputError(f"规则 {read.rule.id} 没有名为 {name} 的事实；它的事实有 {'、'.join(read.inputs)}")
    return {
        read.inputs[name]: _read_fact(book, read.inputs[name], raw, name)
        for name, raw in flat.items()
        if raw is not None
    }


def _flatten(inputs: Mapping[str, object], read: ReadRule) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, raw in inputs.items():
        if isinstance(raw, Mapping) and name not in read.inputs:
            flat |= {f"{name}.{key}": item for key, item in raw.items()}
        else:
            flat[name] = raw
    return flat


def _read_fact(book: Rulebook, fact: str, raw: object, name: str) -> Value:
    definition = book.facts[fact]
    value = read_value(raw, definition.kind, name, definition.fields, fact)
    if not definition.signed and _is_below_zero(value):
        raise RuleInputError(f"{name} 不能小于 0")
    if definition.values and isinstance(value, str) and value not in definition.values:
        raise RuleInputError(f"{name} 只能是 {'、'.join(definition.values)} 之一")
    return value


def _is_below_zero(value: Value) -> bool:
    if isinstance(value, Fraction):
        return value < 0
    entries = value if isinstance(value, tuple) else ()
    return any(_is_below_zero(field) for entry in entries if isinstance(entry, Mapping) for field in entry.values())


def known_facts(book: Rulebook, facts: Facts) -> dict[str, Value]:
    """Read facts given under their names in the dictionary; names without a definition are an error.

    Raises
    ------
    RuleInputError
        For a name without a definition or a value of the wrong kind.
    """
    for name in facts:
        if name not in book.facts:
            raise RuleInputError(f"没有名为 {name} 的事实")
    return {name: _read_fact(book, name, raw, name) for name, raw in facts.items() if raw is not None}


def decide(book: Rulebook, rule_id: str, facts: Mapping[str, Value], as_of: date, *, is_told: bool = True) -> Decision:
    """Answer one rule for one case; without the tree of conditions and the working where it is not to be told.

    Raises
    ------
    KeyError
        When there is no such rule.
    """
    read, case, version, body = _begun(book, rule_id, facts, as_of)
    if version is None or body is None:
        lacking = _no_version(read, case.day)
        return Decision(
            rule=read.rule,
            version=None,
            as_of=as_of,
            outcome=Outcome.UNKNOWN,
            amount_rule=None,
            amount=lacking,
            results=dict.fromkeys(read.bodies[-1].results, lacking),
            tree=None,
            working=(),
            lacking=_lacking(book, lacking),
            used=(),
            rules_version=book.version,
            notes=read.rule.notes,
            conditions_wait_for=_names(lacking),
        )
    held = _condition(case, body)
    day = case.day if isinstance(case.day, date) else as_of
    tree = None if body.conditions is None or not is_told else _trace(case, body.conditions, version, day)
    amount = _amount(case, body, held)
    results = {name: _result(case, body, name) for name in body.results}
    waits = because(*([held] if isinstance(held, Unknown) else []), *_waiting(held, amount, results))
    has_working = body.amount is not None or any(step.text for step in body.steps.values())
    working = tuple(_working(case, body)) if is_told and has_working else ()
    return Decision(
        read.rule,
        version,
        as_of,
        _outcome(held, results),
        None if body.amount is None else body.amount[0],
        amount,
        results,
        tree,
        working,
        _lacking(book, waits),
        tuple(UsedParameter(parameter, found) for parameter, found in case.used.values()),
        book.version,
        read.rule.notes,
        _names(waits if held is None else held) if held is None or isinstance(held, Unknown) else frozenset(),
    )


def _begun(
    book: Rulebook, rule_id: str, facts: Mapping[str, Value], as_of: date
) -> tuple[ReadRule, Case, RuleVersion | None, ReadBody | None]:
    read = book.rule(rule_id)
    return read, *_prepare(book, read, facts, as_of, _OtherRules(book, facts, {}))


def weigh(book: Rulebook, rule_id: str, facts: Mapping[str, Value], as_of: date) -> tuple[Outcome, frozenset[str]]:
    """Return the outcome that `decide` gives, and what an answer waits for: an open one, or the sum of one that is met.

    Raises
    ------
    KeyError
        When there is no such rule.
    """
    read, case, version, body = _begun(book, rule_id, facts, as_of)
    if version is None or body is None:
        return Outcome.UNKNOWN, _names(_no_version(read, case.day))
    held = _condition(case, body)
    if isinstance(held, Unknown):
        return Outcome.UNKNOWN, _names(held)
    if held is False:
        return Outcome.NOT_MET, frozenset()
    results = {name: _result(case, body, name) for name in body.results}
    waits = because(*_waiting(held, _amount(case, body, held), results))
    outcome = _outcome(held, results)
    return outcome, _names(waits) if outcome is Outcome.UNKNOWN else _names(waits, without=Lack.NOTHING)


def _names(unknown: Unknown, without: Lack | None = None) -> frozenset[str]:
    return frozenset(reason.name for reason in unknown.why if reason.lack is not without)


def _waiting(held: object, amount: object, results: Mapping[str, object]) -> list[Unknown]:
    if held is False:
        return []
    open_ones = [amount, *results.values()]
    return [value for value in open_ones if isinstance(value, Unknown) and not value.is_nothing]


def _outcome(held: bool | Unknown | None, results: Mapping[str, object]) -> Outcome:
    if held is None:
        waiting = [value for value in results.values() if isinstance(value, Unknown) and not value.is_nothing]
        return Outcome.UNKNOWN if waiting else Outcome.MET
    if isinstance(held, Unknown):
        return Outcome.UNKNOWN
    return Outcome.MET if held else Outcome.NOT_MET


def _result(case: Case, body: ReadBody, name: str) -> Value | list[object]:
    result, nodes = body.results[name]
    if result.each is None:
        value = _round(nodes[""].one(case), result.rounding)
        return result.unknown_as if result.unknown_as is not None and isinstance(value, Unknown) else value
    entries = case.facts[result.each]
    if isinstance(entries, Unknown):
        return entries
    columns = {key: each_one(case, entries, node) for key, node in nodes.items()}
    if set(columns) == {""}:
        return [_round(value, result.rounding) for value in columns[""]]
    return [
        {key: _round(values[place], result.rounding) for key, values in columns.items()}
        for place in range(len(entries))  # type: ignore[arg-type]  # a list
    ]


def _trace(case: Case, condition: ReadCondition, version: RuleVersion, day: date) -> ConditionTrace:
    return _traced(case, condition, version, day)[0]


def _traced(
    case: Case, condition: ReadCondition, version: RuleVersion, day: date
) -> tuple[ConditionTrace, bool | Unknown]:
    source = condition.source
    have = need = ""
    children: tuple[ConditionTrace, ...] = ()
    form = ""
    if condition.node is not None:
        value = condition.node.one(case)
        held = value if isinstance(value, bool | Unknown) else because()
        have, need = _sides(case, condition.node)
    else:
        below = [_traced(case, child, version, day) for child in condition.children]
        children = tuple(trace for trace, _ in below)
        held = _together(condition, [value for _, value in below])
        form = "all" if source.all is not None else "any" if source.any is not None else "not"
    trace = ConditionTrace(
        text=source.text.replace("{need}", need).replace("{have}", have),
        outcome=_outcome_of(held),
        have=have,
        need=need,
        code=source.code,
        document=version.source.document,
        clause=source.clause or version.source.clause,
        day=day,
        why=held.why if isinstance(held, Unknown) else frozenset[Why](),
        children=children,
        form=form,
    )
    return trace, held


def _together(condition: ReadCondition, values: list[bool | Unknown]) -> bool | Unknown:
    source = condition.source
    if source.negated is not None:
        return values[0] if isinstance(values[0], Unknown) else not values[0]
    return all_of(values) if source.all is not None else any_of(values)


def _sides(case: Case, node: Node) -> tuple[str, str]:
    if isinstance(node, Compare):
        have, need = shown(node.left.one(case)), shown(node.right.one(case))
        return have, "" if node.sign in ("!=", "not in") else need
    return shown(node.one(case)), ""


def _outcome_of(value: Value) -> Outcome:
    if isinstance(value, Unknown):
        return Outcome.UNKNOWN
    return Outcome.MET if value is True else Outcome.NOT_MET


def _working(case: Case, body: ReadBody) -> list[str]:
    lines = []
    for name, step in body.steps.items():
        if not step.text:
            continue
        value = _let(case, body, name)
        told = body.lets[name].told(case)
        end = shown(value) + step.unit
        lines.append(f"{step.text} = {told} = {end}" if told not in (shown(value), end) else f"{step.text} = {end}")
    return lines


def _lacking(book: Rulebook, unknown: Unknown) -> tuple[Lacking, ...]:
    return tuple(_named(book, reason) for reason in sorted(unknown.why) if reason.lack is not Lack.NOTHING)


def _named(book: Rulebook, reason: Why) -> Lacking:
    if reason.name == PLACE_NAME:
        return Lacking(reason.lack, reason.name, "地名未能识别，请写全称或六位代码", "填报人")
    if reason.name in book.facts:
        definition = book.facts[reason.name]
        return Lacking(reason.lack, reason.name, definition.label, definition.who)
    if reason.name in book.parameters:
        parameter = book.parameters[reason.name]
        told = {
            Lack.UNCONFIRMED: "数值未能确认，需人工核实",
            Lack.EXPIRED: "原规定期限已满，新规定未见到，需人工核实",
            Lack.NOT_SEEN: "所见来源未给出该地区或类别的数值，需人工核实",
            Lack.NOT_IN_FORCE: "当日没有有效数值，需人工核实",
        }.get(reason.lack, "需人工核实")
        return Lacking(reason.lack, reason.name, f"{parameter.title}：{told}", "主管部门")
    if reason.name in book.rules:
        rule = book.rules[reason.name].rule
        told = "当日尚未施行" if reason.lack is Lack.NOT_IN_FORCE else "期限已满，新规定未见到，需人工核实"
        return Lacking(reason.lack, reason.name, f"{rule.title}：{told}", "主管部门")
    # A field of a list entry: "disabled_staff.wage_paid".
    base, _, field = reason.name.rpartition(".")
    definition_of = book.facts.get(base)
    if definition_of is None:
        return Lacking(reason.lack, reason.name, reason.name, "")
    label = f"{definition_of.label}：{definition_of.field_labels.get(field, field)}"
    return Lacking(reason.lack, reason.name, label, definition_of.who)
