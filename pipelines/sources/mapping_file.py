"""The mapping file (映射文件): its layout, strict loading, `extends`, and errors that name file and key.

A mapping says how a foreign sheet's columns and words become ours; see `docs/mappings.md`. Carrying it out is left to
`pipelines.sources.mapping`.
"""

import difflib
import re
from collections.abc import Hashable, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import PipelineError
from pipelines.exchange.sheets import SHEETS
from pipelines.plan_schema import IMPORTED
from pipelines.sources.readers import READERS

MAPPED = {**IMPORTED, **SHEETS}
"""What a mapping may be for: the tables that are imported, and the files of the federation's platforms."""
SHIPPED = Path(__file__).parent / "mappings"
_DEEPEST_EXTENDS = 5
_LARGEST_FILE = 1_000_000


class MappingError(PipelineError):
    """A mapping file that cannot be used; the message names the file, the key and what would be right."""


def near(word: str, known: Iterable[str]) -> str:
    """Return 「，是否为“…”？」 for the nearest of the known words, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"，是否为“{found[0]}”？" if found else ""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _reader(value: object) -> object:
    if isinstance(value, str) and value not in READERS:
        raise ValueError(f"没有读法“{value}”{near(value, READERS)}")
    return value


Reader = Annotated[str, BeforeValidator(_reader)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Source(_Strict):
    """Where a cell comes from: foreign columns put together with `join`, filtered, then read."""

    headers: Annotated[list[str], BeforeValidator(_as_list)] = Field(default_factory=list, alias="from")
    join: str = ""
    read: Reader = "text"
    only: re.Pattern[str] | None = None  # taken only where the text matches
    unless: re.Pattern[str] | None = None  # not taken where the text matches
    remove: re.Pattern[str] | None = None  # cut out before reading


class Parts(_Strict):
    """How a list cell is cut up; `until` ends the list before the first part that matches."""

    separators: str = ";；,，、|"
    until: re.Pattern[str] | None = None


class Append(_Strict):
    """A foreign column added to free text under a label: （原文性别要求：女）."""

    header: str = Field(alias="from")
    label: str
    unless: re.Pattern[str] | None = None
    pick: re.Pattern[str] | None = None  # of a list cell, only the parts that match


class Column(Source):
    """How one of our columns is filled: from foreign columns, by a constant, or by a template of foreign columns."""

    constant: str | None = None
    template: str | None = None
    words: dict[str, str] = Field(default_factory=dict)
    parts: Parts = Field(default_factory=Parts)
    otherwise: list[Source] = Field(default_factory=list)
    append: list[Append] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        origins = [bool(self.headers), self.constant is not None, self.template is not None]
        if sum(origins) > 1 or (sum(origins) == 0 and not self.append):
            raise ValueError("from、constant、template 应恰好写一个")
        return self


class Options(_Strict):
    """What may be chosen per import."""

    keep_dates: bool = True
    """False leaves opens_on and closes_on unknown, for trials on an old stock as if it were open."""
    as_of: date | None = None
    """Day on which `expired` is judged; without it nothing is called expired."""


class MappingFile(_Strict):
    """A whole mapping file."""

    table: str
    note: str = ""
    source: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    """Foreign header to our column, for columns that only have another name."""
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Our column to its foreign words and ours."""
    fields: dict[str, Column] = Field(default_factory=dict)
    """Our column to how it is read."""
    drop: list[str] = Field(default_factory=list)
    ignore: list[str] = Field(default_factory=list)
    ignore_others: bool = False
    options: Options = Field(default_factory=Options)

    @model_validator(mode="after")
    def _names_known_columns(self) -> Self:
        if self.table not in MAPPED:
            raise ValueError(f"没有表“{self.table}”{near(self.table, MAPPED)}")
        known = MAPPED[self.table].by_name
        for name in (*self.columns.values(), *self.words, *self.fields, *self.drop):
            if name not in known:
                raise ValueError(f"表 {self.table} 没有列“{name}”{near(name, known)}")
        targets = [*self.columns.values(), *self.fields]
        twice = sorted({name for name in targets if targets.count(name) > 1})
        if twice:
            raise ValueError(f"列 {'、'.join(twice)} 被映射了两次")
        return self


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key written twice, which YAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing repeated keys."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"“{key}”写了两次", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the mappings that come with the program."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_mapping_file(path_or_name: str | Path) -> MappingFile:
    """Load a mapping from a file, or a shipped one by its name.

    Raises
    ------
    MappingError
        When there is no such file or name, it is no YAML, or a key or value is not right.
    """
    path = _locate(path_or_name)
    tree = _load_tree(path, depth=0)
    try:
        return MappingFile.model_validate(tree)
    except ValidationError as error:
        raise MappingError(f"映射文件 {path.name}：{_explain(error)}") from error


def _locate(path_or_name: str | Path, beside: Path | None = None) -> Path:
    path = Path(path_or_name)
    for candidate in (path, *([] if beside is None else [beside / path, beside / f"{path}.yaml"])):
        if candidate.is_file():
            return candidate
    shipped = SHIPPED / f"{str(path_or_name).removesuffix('.yaml')}.yaml"
    if shipped.parent == SHIPPED and shipped.is_file():
        return shipped
    raise MappingError(
        f"没有映射文件“{path.name}”{near(path.stem, shipped_names())}。自带的有：{'、'.join(shipped_names())}"
    )


def _load_tree(path: Path, *, depth: int) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST_FILE:
        raise MappingError(f"映射文件 {path.name} 过大")
    try:
        tree = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_UniqueKeys)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"映射文件 {path.name} 不是 UTF-8 编码的 YAML：{str(error).splitlines()[0]}") from error
    if not isinstance(tree, dict):
        raise MappingError(f"映射文件 {path.name} 应是“键: 值”的形式")
    base = tree.pop("extends", None)
    if base is None:
        return tree
    if depth >= _DEEPEST_EXTENDS or not isinstance(base, str):
        raise MappingError(f"映射文件 {path.name} 的 extends 应是另一个映射的名称，且不能循环")
    return _merged(_load_tree(_locate(base, path.parent), depth=depth + 1), tree)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        merged[key] = {**below, **value} if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


_KNOWN_KEYS = {
    "fields": [info.alias or name for name, info in Column.model_fields.items()],
    "otherwise": [info.alias or name for name, info in Source.model_fields.items()],
    "append": [info.alias or name for name, info in Append.model_fields.items()],
    "parts": list(Parts.model_fields),
    "options": list(Options.model_fields),
}


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = [str(part) for part in first["loc"]]
    key = ".".join(place)
    if first["type"] == "extra_forbidden":
        section = next((part for part in reversed(place[:-1]) if part in _KNOWN_KEYS), "")
        known = _KNOWN_KEYS.get(section, [*MappingFile.model_fields, "extends"])
        return f"没有键“{key}”{near(place[-1], known)}"
    if first["type"] == "missing":
        return f"缺少键“{key}”"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}：{message}" if key else message
