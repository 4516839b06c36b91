"""What the syntax trees of the packages say, beyond the words that `test_tree` looks for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("models", "matching", "pipelines", "api")
PURE = ("models", "matching")
NETWORK = {"socket", "ssl", "http", "urllib.request", "urllib3", "requests", "httpx", "httpx2", "ftplib", "smtplib"}
OUTSIDE = NETWORK | {"os", "time", "random", "secrets", "uuid", "subprocess", "sqlite3", "sqlalchemy", "tempfile"}
FILES_ONLY = {"models/artefact.py": {"os", "tempfile"}}
"""Where a model is written and read as files; `test_tree` sees to it that the environment is not."""
CLOCKS = {"now", "utcnow", "today"}
DATES = {"datetime", "date", "pd.Timestamp", "pandas.Timestamp", "datetime.datetime", "datetime.date", "Timestamp"}


def trees(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Return the full names of the imported modules; for `from a import b` both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their package"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def with_parents(names: set[str]) -> set[str]:
    return {".".join(parts[:n]) for name in names for parts in [name.split(".")] for n in range(1, len(parts) + 1)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_to_its_right(package: str) -> None:
    left = set(PACKAGES[PACKAGES.index(package) + 1 :])
    for name, tree in trees(package):
        assert not with_parents(imported(tree)) & (left | {"tests", "bench"}), name


def test_no_package_imports_another_in_words_at_run_time() -> None:
    for name, tree in trees(*PACKAGES):
        for call in calls(tree):
            assert ast.unparse(call.func) not in {"__import__", "importlib.import_module", "import_module"}, name


def test_models_and_matching_import_nothing_that_reads_clock_environment_or_network() -> None:
    for name, tree in trees(*PURE):
        assert with_parents(imported(tree)) & OUTSIDE <= FILES_ONLY.get(name, set()), name


def test_nothing_but_the_service_opens_the_network() -> None:
    for name, tree in trees(*PACKAGES):
        assert not with_parents(imported(tree)) & NETWORK, name


def test_models_and_matching_ask_no_clock() -> None:
    for name, tree in trees(*PURE):
        for call in calls(tree):
            if isinstance(call.func, ast.Attribute) and call.func.attr in CLOCKS:
                assert ast.unparse(call.func.value) not in DATES, f"{name}:{call.lineno}"


def test_the_day_of_today_is_asked_at_the_door_alone() -> None:
    """Days are counted in Gansu; a moment in UTC, for when a row was written, may be taken in the pipelines."""
    for name, tree in trees("pipelines", "api"):
        for call in calls(tree):
            if not (isinstance(call.func, ast.Attribute) and call.func.attr in CLOCKS):
                continue
            if ast.unparse(call.func.value) in DATES:
                at_the_door = name == "api/settings.py"
                assert at_the_door or [ast.unparse(a) for a in call.args] == ["UTC"], f"{name}:{call.lineno}"


def test_nothing_is_random_without_a_seed() -> None:
    for name, tree in trees(*PACKAGES):
        assert "random" not in imported(tree), name
        for call in calls(tree):
            function = ast.unparse(call.func)
            if function in {"np.random.default_rng", "numpy.random.default_rng", "default_rng"}:
                assert call.args, f"{name}:{call.lineno}"
            elif function.startswith(("np.random.", "numpy.random.")):
                # Only a generator's own methods; those of the module share one hidden state.
                assert function.startswith(("np.random.default_rng(", "numpy.random.default_rng(")), name


def test_every_module_class_and_function_for_others_says_what_it_is_for() -> None:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for name, tree in trees(*PACKAGES):
        if not tree.body or "/versions/" in name:
            continue
        assert ast.get_docstring(tree), name
        for node in tree.body:
            if isinstance(node, kinds) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{name}:{node.lineno} {node.name}"


def test_modules_of_the_core_stay_short() -> None:
    for package in PURE:
        for path in sorted((ROOT / package).rglob("*.py")):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path.relative_to(ROOT)
