"""The bodies of the seven tables: Pydantic models made from the specifications, so that no column is written twice.

What a body may hold is checked here by its form; whether a row can be taken is decided by the checks of the import.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model
from pydantic.types import StrictFloat, StrictInt

from api.documents import Shape, cell, shape_of
from matching.vocabulary import Term
from pipelines.schema import ColumnSpec, TableSpec

TEXT_LIMIT, WORD_LIMIT, LIST_LIMIT = 20_000, 200, 200
_literal: Any = Literal
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_REGION = r"^\d{6}$"
_DECIMAL = r"^\d{1,15}(\.\d{1,40})?$"
STORABLE = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*[^\s\x00-\x1F][^\x00-\x08\x0B\x0C\x0E-\x1F]*$"
_IDENTIFIER = r"^[^\x00-\x1F]*[^\s\x00-\x1F][^\x00-\x1F]*$"
_ADDRESS = r"^[^\s\x00-\x1F/\\.][^\x00-\x1F/\\]*$"
"""An id that is made here has an address of its own: no part of it may lead elsewhere."""
_PART = r"^[^;；\x00-\x1F]*[^\s;；\x00-\x1F][^;；\x00-\x1F]*$"


class Body(BaseModel):
    """What every body is: names that are none of ours are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Kept(BaseModel):
    """What every answer is."""

    model_config = ConfigDict(extra="forbid")


def _text(pattern: str, longest: int) -> Any:
    return Annotated[str, StringConstraints(min_length=1, max_length=longest, pattern=pattern)]


def _words(terms: type[Term]) -> Any:
    return _literal[tuple(term.value for term in terms)]


def _labels(terms: type[Term] | None) -> str:
    return "" if terms is None else "：" + "、".join(f"{term.value} {term.label}" for term in terms)


def _nested(name: str, terms: type[Term], kind: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {term.value: (kind | None, Field(default=None, description=term.label)) for term in terms}
    return create_model(name, __base__=Body, __doc__="每一项可单独给出；没有给出的是未知。", **fields)


_LEVEL = Annotated[StrictInt, Field(ge=0, le=4)]


@cache
def _levels(name: str, terms: type[Term]) -> type[BaseModel]:
    return _nested(name, terms, _LEVEL)


@cache
def _states(name: str, terms: type[Term]) -> type[BaseModel]:
    return _nested(name, terms, Literal["verified", "declared"])


def _type(spec: TableSpec, column: ColumnSpec, shape: Shape) -> Any:
    """Return the type of a column that has a value."""
    name = f"{spec.name.capitalize()}{column.name.capitalize()}"
    if shape.kind == "text":
        if column.name == "region":
            return _text(_REGION, 6)
        is_id = column.name in spec.key or column.name.endswith("_id")
        return _text(_IDENTIFIER, 128) if is_id else _text(STORABLE, TEXT_LIMIT)
    if shape.kind == "texts":
        one = _text(_REGION, 6) if column.name == "wished_regions" else _text(_PART, WORD_LIMIT)
        return Annotated[list[one], Field(max_length=LIST_LIMIT)]  # type: ignore[valid-type]  # made here
    if shape.words is not None and shape.kind == "words":
        return Annotated[list[_words(shape.words)], Field(max_length=LIST_LIMIT)]  # type: ignore[misc]  # made here
    if shape.words is not None and shape.kind in ("levels", "states"):
        return (_levels if shape.kind == "levels" else _states)(name, shape.words)
    if shape.words is not None:
        return _words(shape.words)
    if column.name == "grade":
        return Annotated[StrictInt, Field(ge=1, le=4)]
    by_kind: Mapping[str, Any] = {
        "date": _text(_DAY, 10),
        "decimal": _text(_DECIMAL, 60),
        "integer": Annotated[StrictInt, Field(ge=0, le=10_000_000)],
        "number": Annotated[StrictFloat | StrictInt, Field(ge=-180, le=180)],
    }
    return by_kind[shape.kind]


def _field(spec: TableSpec, column: ColumnSpec, *, is_asked: bool) -> tuple[Any, Any]:
    shape = shape_of(spec, column.name)
    is_own_id = spec.key == (column.name,)
    about = Field(
        default=... if is_asked else None,
        title=column.label,
        description=f"{column.label}{_labels(shape.words if shape.kind in ('word', 'words') else None)}",
        alias=column.name,
    )
    kind = _text(_ADDRESS, 128) if is_own_id else _type(spec, column, shape)
    return (kind, about) if is_asked else (kind | None, about)


def new_row(spec: TableSpec, name: str, *, made_here: frozenset[str] = frozenset()) -> type[Body]:
    """Return the body that adds a row; columns that have to be known are asked for, save those that are made here."""
    fields: dict[str, Any] = {
        column.attribute: _field(spec, column, is_asked=column.required and column.name not in made_here)
        for column in spec.columns
    }
    return create_model(name, __base__=Body, __doc__=f"登记{spec.label}；没有给出的列是未知。", **fields)


def patch(spec: TableSpec, name: str) -> type[Body]:
    """Return the body that changes a row (RFC 7396): what is not named stays, null says that it is unknown again."""
    fields: dict[str, Any] = {
        column.attribute: _field(spec, column, is_asked=False) for column in spec.columns if column.name not in spec.key
    }
    text = f"更改{spec.label}（合并修补）：没有给出的列不变，null 表示重新成为未知。"
    return create_model(name, __base__=Body, __doc__=text, **fields)


def kept_row(spec: TableSpec, name: str, **more: Any) -> type[Kept]:
    """Return the model of an answered row, for the description of the API; `more` are fields beside the columns."""
    fields: dict[str, Any] = {column.attribute: _kept_field(spec, column) for column in spec.columns}
    return create_model(name, __base__=Kept, __doc__=f"{spec.label}；null 表示未知。", **fields, **more)


def _kept_field(spec: TableSpec, column: ColumnSpec) -> tuple[Any, Any]:
    # What came in by a sheet need not keep to the limits of a body, and a masked value has no form.
    shape = shape_of(spec, column.name)
    plain: Mapping[str, Any] = {"text": str, "date": str, "decimal": str, "integer": int, "number": float}
    kind = list[str] if shape.kind == "texts" else plain.get(shape.kind) or _type(spec, column, shape)
    about = Field(title=column.label, description=column.label, alias=column.name)
    return (kind, about) if column.required else (kind | None, about)


def page_of(kept: type[BaseModel], name: str) -> type[Kept]:
    """Return the model of a page of rows."""
    fields: dict[str, Any] = {
        "items": (list[kept], Field(description="按编号排列")),  # type: ignore[valid-type]  # made here
        "next_cursor": (str | None, Field(description="下一页的游标；没有下一页时为 null")),
    }
    return create_model(name, __base__=Kept, __doc__="一页记录。", **fields)


def cells_of(spec: TableSpec, body: BaseModel) -> dict[str, str]:
    """Return a body as the cells of a sheet: only what it names, null as the empty cell."""
    given = body.model_dump(by_alias=True, exclude_unset=True)
    return {name: cell(spec, spec.column(name), value) for name, value in given.items() if name in spec.by_name}
