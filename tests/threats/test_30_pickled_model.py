"""30 | E: pickled model runs code at load.

Only safe formats load; pickle refused; checksum mismatch refused.
"""

import ast
import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.artefact import ARRAYS, MANIFEST, Artefact, load_artefact, save_artefact
from models.errors import ArtefactMismatch, ModelError
from pipelines.registry import Registry
from pipelines.store.session import engine_for
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS

ROOT = Path(__file__).parents[2]
UNSAFE = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "torch"}
CALLS_THAT_RUN = {"eval", "exec", "compile", "__import__"}
_RAN: list[str] = []


class _Bomb:
    """An object that says so when somebody unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _ran, ("loaded",)


def _ran(word: str) -> str:
    _RAN.append(word)
    return word


def _with_pickled_array(folder: Path) -> Path:
    """Put an array of Python objects into a saved model, checksums and all."""
    save_artefact(Artefact({"weights": np.ones(3)}), folder)
    packed, held = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array(held, np.array([_Bomb()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("weights.npy", held.getvalue())
    return _rewritten(folder, packed.getvalue())


def _rewritten(folder: Path, arrays: bytes) -> Path:
    (folder / ARRAYS).write_bytes(arrays)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][ARRAYS] = hashlib.sha256(arrays).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def check_pickle_is_refused(folder: Path) -> None:
    """Load a model in which an array is pickled, and one that is a pickle as a whole."""
    _RAN.clear()
    with pytest.raises((ModelError, ValueError)):
        load_artefact(_with_pickled_array(folder / "array"))
    save_artefact(Artefact({"weights": np.ones(3)}), folder / "whole")
    with pytest.raises((ModelError, ValueError)):
        load_artefact(_rewritten(folder / "whole", pickle.dumps(_Bomb())))
    assert _RAN == []


def test_pickle_in_a_model_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    check_pickle_is_refused(tmp_path)


def test_bomb_of_this_test_would_go_off() -> None:
    _RAN.clear()
    pickle.loads(pickle.dumps(_Bomb()))  # noqa: S301  # our own, to show that what is refused above is dangerous
    assert _RAN == ["loaded"]


def check_changed_model_is_refused(town: Town) -> None:
    """Change one byte of a saved model, and its manifest to match, and load it as the service does."""
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        registry = Registry(connection, town.models)
        version, _ = registry.champion()
        folder = town.models / registry.get(version).folder
        content = bytearray((folder / ARRAYS).read_bytes())
        content[len(content) // 2] ^= 1
        _rewritten(folder, bytes(content))
        with pytest.raises(ArtefactMismatch):
            registry.champion()
    engine.dispose()


def test_model_that_is_not_the_one_that_was_trained_is_refused_even_with_a_matching_manifest(own_town: Town) -> None:
    check_changed_model_is_refused(own_town)


def test_command_and_service_say_so_and_answer_nothing(own_town: Town, yougang: Yougang) -> None:
    check_changed_model_is_refused(own_town)
    said = yougang("shortlist", "demo-c-00001", at=own_town)
    assert said.code == 4
    assert said.out == ""


MESSAGES = {"pipelines/engines/cluster.py": {"pickle"}}
"""What processes of a cluster hand one another, under TLS: of this program alone, in memory, never a file."""


def test_no_package_reads_a_format_that_can_run_code() -> None:
    for folder in ("models", "matching", "pipelines", "api"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = (
                    {alias.name.partition(".")[0] for alias in node.names} if isinstance(node, ast.Import) else set()
                )
                if isinstance(node, ast.ImportFrom):
                    names = {str(node.module).partition(".")[0]}
                allowed_here = MESSAGES.get(file.relative_to(ROOT).as_posix(), set())
                assert not names & UNSAFE - allowed_here, file.name
                if isinstance(node, ast.Call):
                    assert not (isinstance(node.func, ast.Name) and node.func.id in CALLS_THAT_RUN), file.name
                    allowed = [k.value for k in node.keywords if k.arg == "allow_pickle"]
                    assert all(isinstance(v, ast.Constant) and v.value is False for v in allowed), file.name
