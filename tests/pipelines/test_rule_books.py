"""Kept rule books: last year's answer can be computed again, and what was kept never changes."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from matching.rules.evaluation import decide, known_facts
from matching.rules.rulebook import HOME, load_rulebook
from pipelines.store import tables
from pipelines.store.errors import NotFound
from pipelines.store.rule_books import DecisionRepository, pack
from tests.support.stores import a_file, noted

TODAY = date(2026, 7, 1)
LIMIT = Path("parameters/levy.small_enterprise_exempt/max_headcount_any_age.yaml")
CASE = {"employer_kind": "民营企业", "headcount": 30, "levy_date": TODAY}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = a_file(tmp_path / "store.db")
    with engine.begin() as opened:
        yield noted(opened)
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("facts", "parameters", "rulebook"):
        shutil.copytree(HOME / part, tmp_path / "rules" / part)
    return tmp_path / "rules"


def lower_the_limit(folder: Path) -> None:
    text = (folder / LIMIT).read_text(encoding="utf-8")
    assert "value: 30" in text
    (folder / LIMIT).write_text(text.replace("value: 30", "value: 25"), encoding="utf-8")


def kept_bytes(connection: Connection) -> dict[str, bytes]:
    c = tables.rule_books.c
    return {version: bytes(files) for version, files in connection.execute(select(c.version, c.files))}


def test_a_kept_book_gives_last_years_answer_after_the_rules_changed(
    connection: Connection, folder: Path, tmp_path: Path
) -> None:
    store = DecisionRepository(connection)
    old = load_rulebook(folder)
    before = decide(old, "levy.small_enterprise_exempt", known_facts(old, CASE), TODAY).as_dict()
    store.keep_book(old, folder)
    lower_the_limit(folder)
    new = load_rulebook(folder)
    assert decide(new, "levy.small_enterprise_exempt", known_facts(new, CASE), TODAY).as_dict() != before
    again = store.book(old.version, tmp_path / "scratch")
    assert again.version == old.version
    assert decide(again, "levy.small_enterprise_exempt", known_facts(again, CASE), TODAY).as_dict() == before


def test_kept_bytes_never_change(connection: Connection, folder: Path) -> None:
    store, old = DecisionRepository(connection), load_rulebook(folder)
    store.keep_book(old, folder)
    first = kept_bytes(connection)
    store.keep_book(old, folder)
    lower_the_limit(folder)
    store.keep_book(old, folder)  # the files behind the version are others by now; what was kept stands
    assert kept_bytes(connection) == first
    new = load_rulebook(folder)
    store.keep_book(new, folder)
    assert set(kept_bytes(connection)) == {old.version, new.version}
    assert kept_bytes(connection)[old.version] == first[old.version]


def test_the_same_files_give_the_same_bytes(folder: Path) -> None:
    first = pack(folder)
    for path in folder.rglob("*.yaml"):
        path.touch()
    assert pack(folder) == first
    lower_the_limit(folder)
    assert pack(folder) != first


def test_a_decision_stores_the_version_of_its_rules(connection: Connection, folder: Path) -> None:
    store, book = DecisionRepository(connection), load_rulebook(folder)
    store.keep_book(book, folder)
    document = decide(book, "levy.small_enterprise_exempt", known_facts(book, CASE), TODAY).as_dict()
    decision_id = store.save("employer", "9", "quota", TODAY, document)
    assert store.get(decision_id) == document
    c = tables.decisions.c
    row = connection.execute(select(c.rules_version, c.subject_id, c.as_of)).one()
    assert tuple(row) == (book.version, "9", TODAY)


def test_what_was_never_kept_is_not_found(connection: Connection, tmp_path: Path) -> None:
    store = DecisionRepository(connection)
    with pytest.raises(NotFound):
        store.book("nothing", tmp_path / "scratch")
    with pytest.raises(NotFound):
        store.get("nothing")
