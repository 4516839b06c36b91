"""Carry out a mapping: one row of a foreign sheet, by its headers, to cells of one of our tables with notes.

The layout of the mapping file is `pipelines.sources.mapping_file`; how single cells are read is
`pipelines.sources.readers`; what a cell of ours may be is `pipelines.schema`.
"""

import re
from collections import abc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from pipelines.errors import SheetError
from pipelines.mapping_protocol import Note, Translated
from pipelines.schema import CellError
from pipelines.sources import quality
from pipelines.sources.mapping_file import (
    MAPPED,
    Column,
    MappingError,
    MappingFile,
    Parts,
    Source,
    load_mapping_file,
    near,
)
from pipelines.sources.readers import READERS, Cell, skill_cell

__all__ = ["Mapping", "MappingError"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_FREE_TEXT = ("description", "address", "employer_name", "experience", "outcome", "contact")
_DATES = ("opens_on", "closes_on")
_Row = abc.Mapping[str, str]
_Translator = Callable[[_Row, list[tuple[str, str, str]]], str]


class Mapping:
    """A mapping ready for one sheet after another; `check_headers` starts a new sheet.

    Rows are translated one by one; only the fingerprints of the last rows are kept, to name repeats.
    """

    def __init__(self, file: MappingFile) -> None:
        """Prepare the translation of every column that the file names."""
        self.file = file
        self.table = MAPPED[file.table]
        dropped = set(file.drop) | (set() if file.options.keep_dates else set(_DATES))
        self._dropped = dropped
        self._fields: dict[str, Column] = {
            **{ours: Column.model_validate({"from": foreign}) for foreign, ours in file.columns.items()},
            **file.fields,
        }
        self._needed = tuple(dict.fromkeys(h for column in self._fields.values() for h in _headers_of(column)))
        self._repeats = quality.RepeatFinder()
        self._translators: dict[str, _Translator] = {}
        self._prepare(renamed={}, present=None)

    @classmethod
    def load(cls, path_or_name: str | Path, *, options: abc.Mapping[str, Any] | None = None) -> Self:
        """Load a mapping file, or a shipped one by name; `options` go before those of the file.

        Raises
        ------
        MappingError
            When it cannot be found or is not right.
        """
        file = load_mapping_file(path_or_name)
        if options:
            merged = {**file.options.model_dump(), **options}
            unknown = sorted(set(merged) - set(type(file.options).model_fields))
            if unknown:
                raise MappingError(f"没有选项“{unknown[0]}”{near(unknown[0], type(file.options).model_fields)}")
            file = file.model_copy(update={"options": type(file.options).model_validate(merged)})
        return cls(file)

    @property
    def export_headers(self) -> abc.Mapping[str, str]:
        """Our columns to the foreign headers, for columns that are taken over as they are."""
        return {ours: foreign for foreign, ours in self.file.columns.items() if ours not in self._dropped}

    @property
    def needed_headers(self) -> tuple[str, ...]:
        """Every foreign header that the mapping reads, in order."""
        return self._needed

    def check_headers(self, headers: Sequence[str]) -> None:
        """Accept the headers of a sheet and begin it.

        A column already under our own name or label is taken as it is, so that a sheet that was exported comes back.

        Raises
        ------
        SheetError
            When a column is missing that the mapping reads, or one is there that it neither reads nor ignores.
        """
        renamed = {header.strip().strip("\ufeff"): header for header in headers}
        self._repeats = quality.RepeatFinder()
        is_ours = not any(header in self._needed for header in renamed)
        for ours, column in self._fields.items() if not is_ours else ():
            missing = [h for h in _headers_of(column) if h not in renamed]
            if missing and not self._own_header(ours, renamed):
                raise SheetError(f"缺少列“{missing[0]}”（用于 {ours}）{near(missing[0], renamed)}")
        self._check_others(renamed)
        self._prepare(renamed, set(renamed))

    def translate(self, raw: abc.Mapping[str, str]) -> Translated:
        """Turn one row, by foreign header, into our cells; "" and a missing column are unknown.

        Raises
        ------
        CellError
            When a template needs a cell that is empty.
        """
        found: list[tuple[str, str, str]] = []
        cells = {ours: translate(raw, found) for ours, translate in self._translators.items()}
        if self.table.name == "vacancies":
            self._judge(cells, found)
        return Translated({ours: cell for ours, cell in cells.items() if cell}, self._notes(found))

    def _own_header(self, ours: str, renamed: abc.Mapping[str, str]) -> str | None:
        for name in (ours, self.table.column(ours).label):
            if name in renamed and name not in self._needed:
                return renamed[name]
        return None

    def _check_others(self, renamed: abc.Mapping[str, str]) -> None:
        own = {name for c in self.table.columns for name in (c.name, c.label)}
        known = {*self._needed, *self.file.ignore, *own}
        others = [header for header in renamed if header and header not in known]
        if others and not self.file.ignore_others:
            raise SheetError(f"映射没有说明列“{others[0]}”{near(others[0], known)}（不需要的列请写入 ignore）")
        reached = set(self._fields) | {c.name for c in self.table.columns if self._own_header(c.name, renamed)}
        unreached = [c.label for c in self.table.columns if (c.required or c.name in self.table.key)]
        unreached = [label for label in unreached if not any(self.table.column(n).label == label for n in reached)]
        if unreached:
            raise SheetError(f"映射没有给出必需的列“{unreached[0]}”")

    def _prepare(self, renamed: abc.Mapping[str, str], present: set[str] | None) -> None:
        """Build the translators for the sheet at hand; before any sheet, as if every needed header were there."""
        self._translators = {}
        for spec in self.table.columns:
            if spec.name in self._dropped:
                continue
            column = self._fields.get(spec.name)
            needed = () if column is None else _headers_of(column)
            words = self.file.words.get(spec.name, {})
            own = self._own_header(spec.name, renamed)
            is_there = present is None or all(header in present for header in needed)
            if column is not None and is_there and (needed or own is None):  # a constant gives way to a column
                self._translators[spec.name] = _translator(spec.name, column, words, renamed)
            elif own is not None:
                self._translators[spec.name] = _translator(spec.name, Column.model_validate({"from": own}), words, {})

    def _judge(self, cells: dict[str, str], found: list[tuple[str, str, str]]) -> None:
        opens_on, closes_on = cells.get("opens_on", ""), cells.get("closes_on", "")
        found.extend(("closes_on", c, "") for c in quality.date_codes(opens_on, closes_on, self.file.options.as_of))
        parts = (cells.get(name, "") for name in ("title", "employer_name", "region", "address", "description"))
        if self._repeats.is_repeat(*parts):
            found.append(("vacancy_id", "repeated", ""))

    def _notes(self, found: list[tuple[str, str, str]]) -> tuple[Note, ...]:
        notes: dict[tuple[str, str], Note] = {}
        for ours, code, cell in found:
            # Free text may name people; it is never quoted.
            shown = "" if self.table.column(ours).sensitive or ours in _FREE_TEXT else cell
            notes.setdefault((code, shown), quality.note(ours, code, shown))
        return tuple(notes.values())


def _headers_of(column: Column) -> tuple[str, ...]:
    named = [*column.headers, *(h for source in column.otherwise for h in source.headers)]
    named += [append.header for append in column.append]
    named += _PLACEHOLDER.findall(column.template or "")
    return tuple(dict.fromkeys(named))


def _translator(ours: str, column: Column, words: abc.Mapping[str, str], renamed: abc.Mapping[str, str]) -> _Translator:
    if column.constant is not None:
        constant = column.constant
        return lambda raw, found: constant
    if column.template is not None:
        return _template(column.template, renamed)
    all_words = {**words, **column.words}
    sources = [_source(source, column, all_words, renamed) for source in (column, *column.otherwise) if source.headers]

    def translate(raw: _Row, found: list[tuple[str, str, str]]) -> str:
        first: tuple[Cell, str] | None = None
        for read in sources:
            cell, text = read(raw)
            if cell.settled:
                found.extend((ours, code, text) for code in cell.codes)
                return cell.text
            if cell.codes and first is None:
                first = (cell, text)
        if first is not None:
            found.extend((ours, code, first[1]) for code in first[0].codes)
        return ""

    return _with_appended(translate, column, renamed) if column.append else translate


def _template(template: str, renamed: abc.Mapping[str, str]) -> _Translator:
    fields = _PLACEHOLDER.findall(template)

    def fill(raw: _Row, found: list[tuple[str, str, str]]) -> str:
        values = {name: raw.get(renamed.get(name, name), "").strip() for name in fields}
        empty = [name for name, value in values.items() if not value]
        if empty:
            raise CellError(f"列“{empty[0]}”为空，无法编号")
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)

    return fill


def _source(
    source: Source, column: Column, words: abc.Mapping[str, str], renamed: abc.Mapping[str, str]
) -> Callable[[_Row], tuple[Cell, str]]:
    """Return a function that gathers one source's text and reads it."""
    headers = [renamed.get(header, header) for header in source.headers]
    read = _reader(source.read, column.parts, words)
    join, only, unless, remove = source.join, source.only, source.unless, source.remove

    def gather(raw: _Row) -> tuple[Cell, str]:
        if len(headers) == 1:
            text = raw.get(headers[0]) or ""
        else:
            text = join.join(part for part in (((raw.get(header) or "").strip()) for header in headers) if part)
        if (only is not None and not only.search(text)) or (unless is not None and unless.search(text)):
            return _NOTHING, text
        if remove is not None:
            text = remove.sub("", text)
        return read(text), text

    return gather


_NOTHING = Cell()


def _reader(name: str, parts: Parts, words: abc.Mapping[str, str]) -> Callable[[str], Cell]:
    base = READERS[name]
    if name in ("list", "skills"):
        return _list_reader(name, parts, words)
    if not words:
        return base

    def read(text: str) -> Cell:
        ours = words.get(text.strip())
        if ours is not None:
            return Cell(ours, settled=True)
        if name == "text" and ";" in text.replace("；", ";"):  # a list cell: word by word
            pieces = [piece.strip() for piece in text.replace("；", ";").split(";")]
            return Cell(";".join(words.get(piece, piece) for piece in pieces if piece), settled=True)
        return base(text)

    return read


def _list_reader(name: str, parts: Parts, words: abc.Mapping[str, str]) -> Callable[[str], Cell]:
    cut = re.compile(f"[{re.escape(parts.separators)}\n]")

    def read(text: str) -> Cell:
        pieces = [piece.strip() for piece in cut.split(text)]
        if parts.until is not None:
            stop = next((i for i, piece in enumerate(pieces) if parts.until.search(piece)), len(pieces))
            pieces = pieces[:stop]
        pieces = [words.get(piece, piece) for piece in pieces if piece]
        cell = skill_cell(pieces) if name == "skills" else ";".join(dict.fromkeys(pieces))
        return Cell(cell, settled=bool(cell))

    return read


def _with_appended(translate: _Translator, column: Column, renamed: abc.Mapping[str, str]) -> _Translator:
    def appended(raw: _Row, found: list[tuple[str, str, str]]) -> str:
        text = translate(raw, found)
        for append in column.append:
            stated = (raw.get(renamed.get(append.header, append.header)) or "").strip()
            if append.pick is not None:
                pieces = re.split(r"[;；,，、|]", stated)
                stated = "、".join(piece.strip() for piece in pieces if append.pick.search(piece))
            if stated and not (append.unless is not None and append.unless.search(stated)):
                text = f"{text}\n（{append.label}：{stated}）".strip()
        return text

    return appended
