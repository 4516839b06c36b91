"""What holds of the tree as a whole: who imports whom, no clock in the core, settings documented, no hosts named."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("models", "matching", "pipelines", "api")
"""From the right of the direction to its left: each may import itself and those before it."""


def sources(package: str) -> Iterator[Path]:
    return iter(sorted((ROOT / package).rglob("*.py")))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    allowed = set(PACKAGES[: PACKAGES.index(package) + 1])
    for path in sources(package):
        assert imported(path) & set(PACKAGES) <= allowed, path.relative_to(ROOT)


FORBIDDEN = re.compile(r"\b(datetime\.now|date\.today|time\.time|os\.environ|os\.getenv|urlopen|socket)\b")


@pytest.mark.parametrize("package", ["models", "matching"])
def test_the_core_reads_no_clock_no_environment_and_no_network(package: str) -> None:
    for path in sources(package):
        assert not FORBIDDEN.search(path.read_text(encoding="utf-8")), path.relative_to(ROOT)


def test_only_settings_read_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in sources(package)
        if "os.environ" in path.read_text(encoding="utf-8")
    ]
    assert readers == ["api/settings.py"]


def test_every_setting_is_documented() -> None:
    read = set(re.findall(r"YOUGANG_[A-Z_]+", (ROOT / "api/settings.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"YOUGANG_[A-Z_]+", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert read == told


def test_every_version_of_a_rule_names_its_source() -> None:
    files = sorted((ROOT / "matching/rules/parameters").rglob("*.yaml"))
    assert files
    for path in files:
        for version in yaml.safe_load(path.read_text(encoding="utf-8"))["versions"]:
            assert version["source"]["document"], path.name
            assert version["source"]["clause"], path.name


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    hosts = "|".join(("pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "deb" + r"\.debian"))
    place = re.compile(rf"{hosts}|(?<![\w.])/(?:work|home|root)/\w")
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not place.search(text), path.relative_to(ROOT)


def test_readme_names_the_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for name in ("demo", "test", "serve", "bench", "check"):
        assert name in targets
        assert f"make {name}" in readme
