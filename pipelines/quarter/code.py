"""Which program learned a model: a hash over its own source, so that it is known also without a repository."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("models", "matching", "pipelines")
_SUFFIXES = (".py", ".yaml", ".json", ".csv", ".txt")


@cache
def code_version() -> str:
    """Return the release and a hash over the packages that learn and rank, with their data."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                digest.update(path.relative_to(_ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    try:
        release = version("yougang")
    except PackageNotFoundError:
        release = "0"
    return f"{release}+{digest.hexdigest()[:16]}"
