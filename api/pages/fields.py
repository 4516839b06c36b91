"""Fields of forms, made from the tables' own specification: what a cell of a sheet takes, a field takes as well.

A value of a sealed column is never written into a field: whoever wants another one types it, what stands there stays.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.documents import shape_of
from api.forms import Form
from api.pages.words import words
from matching.regions import divisions, region_name
from pipelines.registers.errors import Fault
from pipelines.schema import CellError, ColumnSpec, TableSpec, holds_citizen_number

_FEW = 6
_AREAS = frozenset({"experience", "description"})
_LEVELS = ("0", "1", "2", "3", "4")
CLEARED = "cleared"
_BETWEEN = re.compile("[、，]")
"""What people type between the parts of a list."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values to choose from."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A field as a form shows it."""

    name: str
    label: str
    kind: str
    value: str = ""
    options: tuple[Option, ...] = ()
    hint: str = ""
    fault: str = ""
    is_short: bool = False
    autocomplete: str = "off"
    inputmode: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One line of the summary of what has to be mended: which field, and what would be right."""

    field: str
    label: str
    reason: str


def wrongs(spec: TableSpec, faults: Sequence[Fault], names: Sequence[str]) -> list[Wrong]:
    """Return what is wrong with a form; what concerns no field of it is tied to the first."""
    found = []
    for fault in faults:
        column = spec.by_name.get(fault.column)
        label = fault.column if column is None else column.label
        name = fault.column if fault.column in names else names[0]
        if name == "functions":
            name = "functions-first"
        found.append(Wrong(name, label, fault.reason))
    return found


def fields_of(
    spec: TableSpec,
    names: Sequence[str],
    stored: Mapping[str, Any],
    form: Form | None = None,
    faults: Sequence[Fault] = (),
) -> list[Field]:
    """Return the fields of some columns: as sent, where a form came back with faults, else as stored."""
    wrong = {fault.column: fault.reason for fault in reversed(faults)}
    return [_field(spec, spec.column(name), stored.get(name), form, wrong.get(name, "")) for name in names]


def _field(spec: TableSpec, column: ColumnSpec, value: Any, form: Form | None, fault: str) -> Field:
    t, shape = words(), shape_of(spec, column.name)
    hint = t.texts.get(f"hint.{column.name}", "")
    held = _held(column, value, form)
    if column.sensitive:
        is_known = value is not None
        hint = hint or (t("hint.day") if shape.kind == "date" else "")
        return Field(
            column.name, column.label, "text", "", (), hint if not is_known else t("form.sealed"), fault,
            is_short=False, inputmode="tel" if column.name == "phone" else "",
        )  # fmt: skip
    if shape.kind == "words" and shape.words is not None:
        chosen = set(held.split(";"))
        options = tuple(Option(term.value, term.label, term.value in chosen) for term in shape.words)
        return Field(column.name, column.label, "choices", options=options, hint=hint, fault=fault)
    if shape.kind == "word" and shape.words is not None:
        known = tuple(Option(term.value, term.label, term.value == held) for term in shape.words)
        unknown = Option("", t("form.unknown"), not held)
        kind = "choice" if len(known) <= _FEW else "select"
        return Field(column.name, column.label, kind, options=(*known, unknown), hint=hint, fault=fault)
    if column.name == "grade":
        known = tuple(Option(str(n), t(f"grade.g{n}"), str(n) == held) for n in range(1, 5))
        options = (*known, Option("", t("form.unknown"), not held))
        return Field(column.name, column.label, "choice", options=options, hint=hint, fault=fault)
    if column.name == "region":
        return Field(column.name, column.label, "select", options=_places(held), hint=hint, fault=fault)
    is_number = shape.kind in ("integer", "decimal", "number")
    is_day = shape.kind == "date"
    return Field(
        column.name,
        column.label,
        "area" if column.name in _AREAS else "text",
        held,
        hint=hint or (t("hint.day") if is_day else ""),
        fault=fault,
        is_short=is_number or is_day,
        inputmode="decimal" if is_number else "",
    )


def _held(column: ColumnSpec, value: Any, form: Form | None) -> str:
    if form is not None:
        sent = ";".join(form.all(column.name))
        return "" if holds_citizen_number(sent) else sent  # typed into the wrong field it is as telling
    if column.name == "wished_regions":
        return ";".join(map(region_name, value or ()))
    return column.format(value)


def _is_twin(code: str) -> bool:
    city = f"{code[:4]}00"
    return code != city and region_name(code) == region_name(city)


def _places(held: str) -> tuple[Option, ...]:
    t = words()
    # 市辖区 bears the name of its city: one of the two is enough to choose from.
    ours = [code for code in sorted(divisions()) if code.startswith("62") and (code == held or not _is_twin(code))]
    known = tuple(Option(code, region_name(code), code == held) for code in ours)
    other = () if not held or held in ours else (Option(held, region_name(held), True),)
    return (Option("", t("form.unknown"), not held), *known, *other)


def cells_from(spec: TableSpec, names: Sequence[str], stored: Mapping[str, Any], form: Form) -> dict[str, str]:
    """Return the cells that a form changes; a sealed one that was left empty stays, unless it is ticked to be cleared.

    What a form does not name it does not change: a browser leaves boxes out of which none is ticked, so that every
    group of boxes comes with an empty field of its name.
    """
    cells: dict[str, str] = {}
    cleared = form.all(CLEARED)
    for name in names:
        column = spec.column(name)
        sent = _sent(spec, column, form)
        if sent is None:
            continue
        if column.sensitive:
            if sent:
                cells[name] = sent
            elif name in cleared:
                cells[name] = ""
        elif not _is_same(column, sent, stored.get(name)):
            cells[name] = sent
    return cells


def _is_same(column: ColumnSpec, sent: str, value: Any) -> bool:
    try:
        parsed = column.parse(sent)
    except CellError:
        return False
    if isinstance(parsed, tuple) and isinstance(value, tuple):
        return sorted(map(str, parsed)) == sorted(map(str, value))
    return (parsed or None) == (value or None) or parsed == value


def _sent(spec: TableSpec, column: ColumnSpec, form: Form) -> str | None:
    kind = shape_of(spec, column.name).kind
    if kind == "levels":
        return levels_sent(column, form)
    if column.name not in form:
        return None
    cell = ";".join(form.all(column.name))
    return _BETWEEN.sub(";", cell) if kind == "texts" else cell


def levels_sent(column: ColumnSpec, form: Form) -> str | None:
    """Return the levels of a form as one cell; a function that nothing is chosen for is unknown."""
    if column.name not in form:
        return None
    prefix = f"{column.name}."
    given = {name.removeprefix(prefix): form.text(name) for name in form.texts if name.startswith(prefix)}
    return ";".join(f"{name}={level}" for name, level in given.items() if level in _LEVELS)
