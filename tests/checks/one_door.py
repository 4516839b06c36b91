"""`python -m tests.checks.one_door`: every query of a scoped table starts from a repository that takes the subject.

Reads the syntax tree of every module of the program, and refuses what could reach rows of people or companies another
way: statements, tables or raw SQL outside the modules that make queries; there, functions that name a scoped table
without the condition of reach; and, in routes, the program's own unlimited subject. Which tables are scoped is read off
the schema, so that a new one counts at once. What rightly looks at everybody is listed below, each with its reason; an
entry that nothing needs any more is refused as well.
"""

import ast
import dataclasses
import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table

from pipelines.store import base
from pipelines.store.whole import PARTS, metadata

ROOT = Path(__file__).parents[2]
FOLDERS = ("api", "matching", "models", "pipelines")
_OF_SOMEBODY = frozenset({"candidate_id", "employer_id", "vacancy_id"})
_NO_FOREIGN_KEY = frozenset({"audit", "uploads", "decisions", "archived_people", "archived_events"})
"""Tables that speak of people or organisations without a column that says so."""
SCOPED = frozenset(
    table.name
    for table in metadata.sorted_tables
    if table.name in _NO_FOREIGN_KEY or _OF_SOMEBODY & set(table.c.keys())
) - {"organisations"}
_ALL = frozenset({"CASE_TABLES", "metadata"})
"""Names that stand for every table at once."""
_VARIABLES = _ALL | {
    name for part in PARTS for name, value in vars(part).items() if isinstance(value, Table) and value.name in SCOPED
}
_TABLE_MODULES = frozenset({part.__name__ for part in PARTS} | {base.__name__, "pipelines.store.whole"})

MAKES_QUERIES: Mapping[str, str] = {
    "pipelines/store/": "the repositories themselves",
    "pipelines/access/": "who is who, and the audit",
    "pipelines/vacancy_workflow/repository.py": "vacancies on their way, by `reach_of_work`",
    "pipelines/vacancy_workflow/listing.py": "published rows and drafts as one list",
    "pipelines/vacancy_workflow/people.py": "the accounts of a company",
    "pipelines/backup.py": "the whole database, by whoever runs the machine",
}
_DEFINES = (*(f"{name.replace('.', '/')}.py" for name in _TABLE_MODULES), "pipelines/store/migrations/")
"""Modules that say what the tables are; they ask nothing of a store, migrations aside."""

_REACHES = frozenset(
    {"reach", "reach_of_work", "accepts", "_reach", "_readable", "_select", "_own", "_people", "_visible"}
    | {"VisibleCandidate"}
)
"""Where a function names one of these, what it reads is limited to the subject's own."""
_STORE = "pipelines/store/"
_WORKFLOW = "pipelines/vacancy_workflow/"
EVERYBODY: Mapping[str, str] = {
    "pipelines/access/audit.py:module": "writes the audit; it is read by `Trail`",
    "pipelines/access/audit.py:linked_to": "writes the audit of what a statement within reach found",
    "pipelines/access/audit.py:events": "`yougang db check` goes through the whole chain",
    "pipelines/access/audit.py:_hash_of": "where looking at the chain begins",
    f"{_STORE}anonymising.py:*": "retention and erasure, decided above for a person found visible",
    f"{_STORE}assignments.py:AssignmentRepository.add": "of a person found visible, or just registered",
    f"{_STORE}bulk.py:*": "the whole database, by whoever runs the machine",
    f"{_STORE}claims.py:ClaimRepository.crossing": "overlaps are everybody's; for telling who proposed them",
    f"{_STORE}claims.py:ClaimRepository.add": "of a person or employer found visible; overlaps are everybody's",
    f"{_STORE}case_notes.py:CaseNoteRepository.add": "of a person found visible",
    f"{_STORE}charges.py:ChargeRepository.add": "of a person found visible",
    f"{_STORE}consents.py:ConsentRepository.add": "of a person found visible",
    f"{_STORE}consents.py:RequestRepository.add": "of a person found visible",
    f"{_STORE}consents.py:WarningRepository.all": "retention looks at everybody",
    f"{_STORE}consents.py:WarningRepository.add": "retention looks at everybody",
    f"{_STORE}consents.py:WarningRepository.drop": "retention looks at everybody",
    f"{_STORE}consents.py:stated_days": "what holds of consents is the same whoever asks",
    f"{_STORE}consents.py:reseal": "every sealed value gets the new key",
    f"{_STORE}consistency_queries.py:*": "`yougang db check`",
    f"{_STORE}counts.py:job_seekers_in": "one count of a prefecture, told in bands of ten",
    f"{_STORE}counts.py:profiles_in": "counts of a prefecture, told in bands of ten with noise",
    f"{_STORE}crowding.py:*": "a number a published vacancy, and a number a group; of no person",
    f"{_STORE}run_log.py:RunLog.shown": "a cycle counts what was shown to everybody; refuses who is not the program",
    f"{_STORE}inspections.py:InspectionRepository.add": "of an employer found among those within reach",
    f"{_STORE}duty_rows.py:DutyRows.plans_given": "services of people within reach, by their keys",
    f"{_STORE}duty_rows.py:DutyRows._stayed": "acts of placements within reach, by their keys",
    f"{_STORE}duty_rows.py:DutyRows._households": "the day of a fact of people within reach, by their keys",
    f"{_STORE}in_charge.py:in_charge_of": "which office answers for a person found visible",
    f"{_STORE}in_charge.py:_taken_on": "the same",
    f"{_STORE}repositories.py:_Layout.of": "what a table looks like; asks nothing",
    f"{_STORE}repositories.py:TableRepository.taken": "a key is given once in the whole store; says no more than that",
    f"{_STORE}repositories.py:TableRepository._index_unless_shared": "a certificate has one holder in the whole store",
    f"{_STORE}repositories.py:CandidateRepository.note_sources": "of people just written within reach",
    f"{_STORE}repositories.py:CandidateRepository.holders": "a certificate has one holder in the whole store",
    f"{_STORE}repositories.py:ReadingRepository.find": "what was read of texts that are public once published",
    f"{_STORE}repositories.py:ReadingRepository.upsert": "the same",
    f"{_STORE}repositories.py:RunRepository.save_document": "of a person found visible",
    f"{_STORE}repositories.py:has_rows_beside": "whether a demonstration would write over anything",
    f"{_STORE}rule_books.py:DecisionRepository.save": "decisions on the command line",
    f"{_STORE}rule_books.py:DecisionRepository.get": "decisions on the command line",
    f"{_STORE}resealing.py:*": "every sealed value gets the new key",
    f"{_STORE}sealed.py:*": "every sealed value gets the new key",
    f"{_STORE}messages.py:MessageRepository.known": "a message is queued once in the whole store",
    f"{_STORE}messages.py:MessageRepository.add": "of people found visible, or of companies that owe an answer",
    f"{_STORE}messages.py:MessageRepository.written_since": "the cap counts whatever office queued; numbers alone",
    f"{_STORE}messages.py:ChoiceRepository.add": "of a person found visible",
    f"{_STORE}merging.py:*": "of two people found visible; what moves back is what the merge says moved",
    f"{_STORE}person_marks.py:DistinctRepository.add": "of two people found visible",
    f"{_STORE}of_people.py:reseal": "every sealed value gets the new key",
    f"{_STORE}effect_rows.py:EffectRows._source": "a condition within the readable rows",
    f"{_STORE}effect_rows.py:EffectRows._fill": "of people found readable",
    f"{_STORE}effect_rows.py:EffectRows._of": "of people found readable",
    f"{_STORE}enrolments.py:all_places_taken": "how many places of a course are taken, whoever's people are in it",
    f"{_STORE}notice_readers.py:readers_of_person": "of a person whom the act that is told found visible",
    f"{_STORE}notices.py:make": "of what the act that is told found; read within the reader's sight",
    f"{_STORE}notices.py:end_marked": "what was taken back is due to nobody; reads nothing",
    f"{_STORE}person_marks.py:sharing_phones": "who shares a telephone is counted for a hint, never named",
    f"{_STORE}notices.py:n_out_of_term": "how many notices are kept beyond their term; a number alone",
    f"{_STORE}notices.py:drop_out_of_term": "notices beyond their term go, whoever reads them; reads nothing",
    f"{_STORE}notices.py:Terms.over": "the condition of notices beyond their term; reads nothing",
    f"{_STORE}notices.py:NoticeRepository.running": "marks of the reader's own, to end those of people out of sight",
    f"{_STORE}notices.py:NoticeRepository.end": "the reader's own notices; reads nothing",
    f"{_STORE}planned.py:PlannedRepository.add": "of people found visible, whose caseworker the giver is",
    f"{_STORE}plans.py:employer_kinds": "of published posts, which every office sees; says the kind of unit alone",
    f"{_STORE}plans.py:PlanRepository.add": "of a person found visible",
    f"{_STORE}tasks.py:TaskRepository.add": "of a person found visible",
    f"{_STORE}tasks.py:TaskStepRepository.add": "of a task found visible",
    f"{_STORE}uploads.py:UploadRepository.add": "of the organisation that sends it",
    f"{_STORE}uploads.py:reseal": "every sealed value gets the new key",
    f"{_WORKFLOW}repository.py:on_their_way": "a sheet writes over nothing approved, whoever works on it",
    f"{_WORKFLOW}listing.py:_published_where": "a condition within the readable rows",
    f"{_WORKFLOW}listing.py:_drafts_where": "a condition within the readable rows",
    f"{_WORKFLOW}listing.py:_ids": "puts two readable statements together",
    **{
        f"{_WORKFLOW}repository.py:Workflows.{name}": "of a vacancy already found"
        for name in (
            "add", "contents", "published_contents", "add_version", "authors_since", "versions_since", "add_check",
            "latest_check", "add_approval",
        )
    },
    **{
        f"{_WORKFLOW}repository.py:Verifications.{name}": "of an employer already found"
        for name in ("holding", "add", "withdraw")
    },
}  # fmt: skip
"""Functions that look at everybody's rows, each with the reason why they may; `*` stands for a whole module."""
_MACHINE = "a command of whoever runs the machine"
PROGRAM: Mapping[str, str] = {
    "api/access.py": "the one trusted user while there is no account",
    "api/balance_commands.py": _MACHINE,
    "api/benefit_commands.py": _MACHINE,
    "api/command_desk.py": _MACHINE,
    "api/data_commands.py": _MACHINE,
    "api/demo_command.py": _MACHINE,
    "api/desk_keeper.py": "the desk holds everybody; its answers are cut to whom the subject sees",
    "api/duty_commands.py": _MACHINE,
    "api/exchange_commands.py": _MACHINE,
    "api/income_commands.py": _MACHINE,
    "api/initiative_commands.py": _MACHINE,
    "api/live_test_commands.py": _MACHINE,
    "api/message_commands.py": _MACHINE,
    "api/model_commands.py": _MACHINE,
    "api/notice_commands.py": _MACHINE,
    "api/person_commands.py": _MACHINE,
    "api/plan_commands.py": _MACHINE,
    "api/quarter_commands.py": _MACHINE,
    "api/release_commands.py": _MACHINE,
    "api/report_commands.py": _MACHINE,
    "api/duplicate_commands.py": _MACHINE,
    "api/rule_commands.py": _MACHINE,
    "api/task_commands.py": _MACHINE,
    "pipelines/access/roles.py": "defines it",
    "pipelines/consent/effects.py": "what holds of consents is the same whoever asks",
    "pipelines/consent/erasure.py": "erases what is anywhere of people found visible",
    "pipelines/consent/answers.py": "a company answers by pseudonyms, of people whose rows it does not see",
    "pipelines/consent/released.py": "a company sees no person's row; it is shown what was made of it",
    "pipelines/consent/retention.py": "looks at everybody",
    "pipelines/caseload/planned.py": "carries out on its day what a named person planned, as the office sees then",
    "pipelines/notices/referred.py": "whose company a post is, so that the company is told; nothing of the person",
    "pipelines/quarter/cycle.py": "a model is learned from everybody; what leaves the run tells of nobody",
    "pipelines/quarter/drift_now.py": "shares over everybody, small ones joined; told to analysts by month",
    "pipelines/quarter/study.py": "figures over everybody, small ones joined; opened by whoever runs the machine",
    "pipelines/readings.py": "reads the texts of all vacancies",
    "pipelines/effects/report.py": "compared over everybody, rounded and small counts left out before it leaves",
    "pipelines/duties/unit_ledger.py": "an employer's figures are the law's, over everybody it employs",
    "pipelines/registers/cases.py": "an employer's figures are the law's, over everybody it employs",
    "pipelines/reports/plan/report.py": "counted over everybody, suppressed before it leaves",
    "pipelines/reports/extract.py": "made of everybody, coarse before it leaves",
    "pipelines/reports/social.py": "an employer's figures are over everybody it employs; told by placement",
    "pipelines/reports/tables.py": "counted over everybody, suppressed before it leaves",
    "pipelines/vacancy_workflow/service.py": "whether a key is taken, and the employer's verification",
    "pipelines/worlds.py": "tables of a folder, no store of anybody",
}
"""Modules that act as the program itself, each with the reason."""

_STATEMENTS = frozenset(
    {
        "select", "insert", "update", "delete", "merge", "exists", "union", "union_all", "values", "lambda_stmt",
        "text", "table", "column", "literal_column", "TextClause", "TableClause", "Table", "MetaData", "inspect",
        "create_engine",
    }
)  # fmt: skip
_CALLS = frozenset({"select", "insert", "update", "delete", "exists", "text", "_upsert"})
_RUNS = frozenset(
    {
        "execute", "exec_driver_sql", "executemany", "executescript", "scalar", "scalars", "stream", "stream_scalars",
        "raw_connection", "driver_connection",
    }
)  # fmt: skip
_DRIVERS = frozenset({"sqlite3", "psycopg", "psycopg2", "pg8000", "asyncpg", "aiosqlite"})
_INNER = frozenset({"_reach", "_readable", "_select", "_entities"})
_SQL = re.compile(
    r"\b(?:select\b.*\bfrom|insert\s+into|update|delete\s+from|truncate(?:\s+table)?|alter\s+table|copy|join)"
    rf"\s+[\"`(]?(?:{'|'.join(sorted(SCOPED))})\b",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """A way round the door: where it is, and what is wrong."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def ways_round(path: str, source: str) -> Iterator[Way]:
    """Yield every way in a module by which rows could be reached past the repositories that take the subject."""
    tree = ast.parse(source)
    if not path.startswith(_DEFINES):
        inside = path.startswith(tuple(MAKES_QUERIES))
        yield from _within(path, tree) if inside else _outside(path, tree)
        yield from _as_program(path, tree)
        if path.startswith("api/routes/"):
            yield from _of_the_store(path, tree)


# ---- outside the modules that make queries ----


def _outside(path: str, tree: ast.Module) -> Iterator[Way]:
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imported(path, node)
        elif isinstance(node, ast.Attribute):
            if node.attr in _RUNS:
                yield Way(path, node.lineno, f"runs a statement ({node.attr})")
            if node.attr in _INNER and not _is_own(node.value):
                yield Way(path, node.lineno, f"reaches into a repository ({node.attr})")
            if node.attr == "_reach" and isinstance(node.ctx, ast.Store):
                yield Way(path, node.lineno, "writes over the condition of reach")
        elif isinstance(node, ast.FunctionDef) and node.name == "_readable":
            yield Way(path, node.lineno, "puts another statement in place of the readable one")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield from _spelled(path, node, node.value)
        elif isinstance(node, ast.Call) and _named(node.func) in ("import_module", "__import__", "exec", "eval"):
            yield Way(path, node.lineno, "runs what cannot be seen here")


def _imported(path: str, node: ast.Import | ast.ImportFrom) -> Iterator[Way]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] in _DRIVERS | {"sqlalchemy"} or alias.name in _TABLE_MODULES:
                yield Way(path, node.lineno, f"imports {alias.name} whole")
        return
    module = node.module or ""
    names = {alias.name for alias in node.names}
    if module.split(".")[0] in _DRIVERS:
        yield Way(path, node.lineno, "imports a driver")
    if module.split(".")[0] == "sqlalchemy" and (
        names & (_STATEMENTS | {"*"}) or module.startswith(("sqlalchemy.orm", "sqlalchemy.sql", "sqlalchemy.dialects"))
    ):
        yield Way(path, node.lineno, "imports what makes statements")
    if {f"{module}.{name}" for name in names} & _TABLE_MODULES:
        yield Way(path, node.lineno, "imports the tables")
    if module in _TABLE_MODULES and any(name == "*" or _is_table(module, name) for name in names):
        yield Way(path, node.lineno, "imports a table")


def _is_table(module: str, name: str) -> bool:
    found: Any = getattr(importlib.import_module(module), name, None)
    return found is None or name in _ALL or isinstance(found, Table | MetaData)


def _spelled(path: str, node: ast.Constant, text: str) -> Iterator[Way]:
    if _SQL.search(text):
        yield Way(path, node.lineno, "spells out a statement")
    if text in _TABLE_MODULES | _INNER | {"CASE_TABLES", "execute", "exec_driver_sql", "raw_connection"}:
        yield Way(path, node.lineno, f"names {text} in a text")


def _named(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_own(node: ast.expr) -> bool:
    """True for `self` and `super()`: a repository may narrow what it starts from."""
    return _named(node) == "self" or (isinstance(node, ast.Call) and _named(node.func) == "super")


def _docstrings(tree: ast.Module) -> set[ast.Constant]:
    """Return the texts that stand for themselves: they are prose."""
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


# ---- inside them ----


def _within(path: str, tree: ast.Module) -> Iterator[Way]:
    modules, named = _bound(tree)
    for name, node in _units(tree):
        scoped = _first_scoped(node, modules, named)
        if scoped is None:
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign) and not _calls(node):
            named |= _targets(node)
            continue
        mentioned = {_named(one) for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)}
        is_reach = name.rpartition(".")[2] in _REACHES and mentioned & {"subject", "Subject"}
        if not (mentioned & _REACHES or is_reach or _permitted(path, name)):
            yield Way(path, scoped.lineno, f"{name} reads or writes a scoped table for nobody in particular")


def _permitted(path: str, unit: str) -> bool:
    return bool(EVERYBODY.keys() & {f"{path}:{unit}", f"{path}:*"})


def _bound(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return under which names a module knows the modules of tables, and under which the scoped tables."""
    modules: set[str] = set()
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {
                alias.asname or alias.name.split(".")[0] for alias in node.names if alias.name in _TABLE_MODULES
            }
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known_as = alias.asname or alias.name
                if f"{node.module}.{alias.name}" in _TABLE_MODULES:
                    modules.add(known_as)
                elif node.module in _TABLE_MODULES and alias.name in _VARIABLES:
                    named.add(known_as)
    return modules, named


def _units(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the statements of a module, and in place of a class those of its body."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                own = inner.name if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) else "body"
                yield f"{node.name}.{own}", inner
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            yield "module", node


def _first_scoped(unit: ast.stmt, modules: set[str], named: set[str]) -> ast.expr | None:
    calls, prose = _calls(unit), _docstrings(ast.Module([unit], []))
    for node in ast.walk(unit):
        if isinstance(node, ast.Attribute):
            held_by = _named(node.value)
            is_scoped = (held_by in modules and node.attr in _VARIABLES) or (
                calls and held_by == "self" and node.attr == "table"
            )
        elif isinstance(node, ast.Name):
            is_scoped = node.id in named and isinstance(node.ctx, ast.Load)
        else:
            is_scoped = isinstance(node, ast.Constant) and node not in prose and bool(_SQL.search(str(node.value)))
        if is_scoped:
            assert isinstance(node, ast.expr)
            return node
    return None


def _calls(unit: ast.stmt) -> bool:
    """True where a unit makes a statement."""
    return any(_named(node.func) in _CALLS for node in ast.walk(unit) if isinstance(node, ast.Call))


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


# ---- who asks ----


def _as_program(path: str, tree: ast.Module) -> Iterator[Way]:
    for node in ast.walk(tree):
        is_named = isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & {
            "program_subject",
            "local_subject",
        }
        is_made = isinstance(node, ast.keyword) and node.arg == "is_local"
        if (is_named or is_made) and path not in PROGRAM:
            at = node.value if isinstance(node, ast.keyword) else node
            yield Way(path, getattr(at, "lineno", 0), "acts as the program, not as who asks")


def _of_the_store(path: str, tree: ast.Module) -> Iterator[Way]:
    """A route knows the shapes of stored rows and nothing else of the store."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name.startswith("pipelines.store") for alias in node.names):
            yield Way(path, node.lineno, "imports the store")
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines.store"):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if not dataclasses.is_dataclass(getattr(module, alias.name, None)):
                    yield Way(path, node.lineno, f"imports {alias.name} of the store")


# ---- the whole program ----


def sources() -> Iterator[tuple[str, str]]:
    """Yield every module of the program with its text."""
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")


def outdated() -> Iterator[str]:
    """Yield entries of the lists that nothing needs any more: what is permitted has to be what is there."""
    known = dict(sources())
    for entry in EVERYBODY:
        path, _, unit = entry.partition(":")
        if unit not in {"*", *(name for name, _ in _units(ast.parse(known.get(path, ""))))} or path not in known:
            yield f"{entry}: listed, and not there"
    for path in PROGRAM:
        if not re.search(r"program_subject|local_subject|is_local=", known.get(path, "")):
            yield f"{path}: listed, and does not act as the program"


def main() -> int:
    """Print every way round the door; 1 where there is one."""
    found = [str(way) for path, source in sources() for way in ways_round(path, source)] + list(outdated())
    sys.stderr.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
