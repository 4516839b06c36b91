"""What the routes of the registers share: a page, a row, a row made once, a row changed as it was read."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from api.access import Access
from api.bodies import cells_of
from api.clock import moment
from api.cursors import Page
from api.documents import cell, row_document
from api.etags import etag, stale
from api.idempotency import Answer, once
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.claims.errors import ClaimOverlaps
from pipelines.claims.ledger import Ledger
from pipelines.registers.rows import Register, Row
from pipelines.schema import TableSpec

Told = Callable[[Mapping[str, Any]], dict[str, Any]]


@contextmanager
def acting(access: Access, subject: Subject, action: Action, *, in_one: bool = False) -> Iterator[Connection]:
    """Give the transaction of one act; an attempt on somebody not visible is recorded in one of its own.

    `in_one`: where the database can do that, the act is one statement, audit and all, and needs no transaction around.
    """
    try:
        with access.reading() if in_one else access.engine.begin() as connection:
            yield connection
    except NoSuchPerson:
        if not subject.is_local:
            with access.engine.begin() as connection:
                ScopedCandidates(connection, subject).refused(action)
        raise


def page_answer(
    access: Access,
    subject: Subject,
    spec: TableSpec,
    action: Action,
    page: Page,
    filters: Mapping[str, Any],
    told: Told | None = None,
) -> Response:
    """Return a page of the rows that are visible, with the cursor of the next one."""
    after = page.after(subject, filters)
    with acting(access, subject, action) as connection:
        register = Register(connection, spec, subject)
        rows, has_more = register.page(after=after, limit=page.limit, filters=filters, action=action)
    documents = [row_document(spec, row.values) for row in rows]
    items = documents if told is None else [told(document) for document in documents]
    following = page.next(subject, filters, key_of(spec, rows[-1])) if has_more else None
    return JSONResponse({"items": items, "next_cursor": following})


def key_of(spec: TableSpec, row: Row) -> tuple[Any, ...]:
    """Return the key of a row as a cursor carries it."""
    return tuple(str(value) if isinstance(value, str) else value for value in (row.values[n] for n in spec.key))


def row_answer(access: Access, subject: Subject, spec: TableSpec, action: Action, key: tuple[Any, ...]) -> Response:
    """Return one visible row with its version."""
    with acting(access, subject, action) as connection:
        row = Register(connection, spec, subject).one(key, action)
    return JSONResponse(row_document(spec, row.values), headers={"ETag": etag(row.version)})


def made_once(
    request: Request,
    access: Access,
    subject: Subject,
    spec: TableSpec,
    action: Action,
    body: BaseModel,
    *,
    made_here: str | None = None,
) -> Response:
    """Add a row once, however often the request comes; 201 where it is new, 200 where the same row was there."""
    cells = cells_of(spec, body)
    if made_here is not None and not cells.get(made_here):
        cells[made_here] = str(uuid4())

    def work(connection: Connection) -> Answer:
        row, is_new = Register(connection, spec, subject).add(cells, action, on=today())
        person = row.values.get("candidate_id")
        about = None if person is None else ("candidate", str(person))
        headers = {"ETag": etag(row.version)}
        if len(spec.key) == 1:
            headers["Location"] = address_of(spec, row.values)
        return Answer(201 if is_new else 200, row_document(spec, row.values), headers, about)

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, action)
        raise


def address_of(spec: TableSpec, values: Mapping[str, Any]) -> str:
    """Return the address of a row; an id may hold any letters, an address only some."""
    return f"/api/v1/{spec.name}/{quote(str(values[spec.key[0]]), safe='')}"


def note_refused(access: Access, subject: Subject, action: Action) -> None:
    """Record an attempt on somebody who is not visible."""
    if not subject.is_local:
        with access.engine.begin() as connection:
            ScopedCandidates(connection, subject).refused(action)


@contextmanager
def telling_crossed(access: Access, subject: Subject) -> Iterator[None]:
    """Let a claim be proposed; where it crosses another it is refused and names that one; who has to know is told."""
    try:
        yield
    except ClaimOverlaps as error:
        with access.engine.begin() as connection:
            ledger = Ledger(connection, subject, at=moment())
            ledger.tell_crossed(error.claim, rulebook())
            ledger.name_others(error, rulebook())
        raise


def changed(
    access: Access,
    subject: Subject,
    spec: TableSpec,
    action: Action,
    key: tuple[Any, ...],
    body: BaseModel,
    version: int,
) -> Response:
    """Change a row in the version that was read."""
    with acting(access, subject, action) as connection:
        register = Register(connection, spec, subject)
        cells = patched_cells(spec, body, register, key)
        row = register.change(key, cells, version, action, on=today())
    if row is None:
        stale()
    return JSONResponse(row_document(spec, row.values), headers={"ETag": etag(row.version)})


def patched_cells(spec: TableSpec, body: BaseModel, register: Register, key: tuple[Any, ...]) -> dict[str, str]:
    """Return the cells that a merge patch (RFC 7396) names; an object is merged into the stored one."""
    given = json.loads(body.model_dump_json(by_alias=True, exclude_unset=True))
    objects = {name: value for name, value in given.items() if isinstance(value, dict)}
    stored: Mapping[str, Any] = {}
    if objects:
        found = register.stored(key)
        stored = {} if found is None else row_document(spec, found)
    merged = {**given, **{name: {**(stored.get(name) or {}), **value} for name, value in objects.items()}}
    return {name: cell(spec, spec.column(name), value) for name, value in merged.items()}
