"""Saves and loads a fitted model: named arrays and plain settings in a folder, every file with its checksum.

Nothing is pickled, so loading a folder from elsewhere cannot run code. What the numbers mean is the models' own affair.
"""

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.arrays import AnyArray, Sparse
from models.errors import ArtefactMismatch, InvalidInput

FORMAT = 3
"""Version of what is written; 2 may hold how often areas acted on employers (`models.uptake`), which 1 never does; in 3
what acts taught is one sealed part."""
READABLE = (1, 2, FORMAT)
"""Versions that are read; a folder of another one is refused."""

ARRAYS = "arrays.npz"
MANIFEST = "manifest.json"
_SEPARATOR = "/"
_FOLDER = 0o750


@dataclass(frozen=True, eq=False)
class Artefact:
    """Arrays by name, and settings that JSON can hold."""

    arrays: Mapping[str, AnyArray] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_parts(cls, parts: Mapping[str, "Artefact"], metadata: Mapping[str, Any] | None = None) -> "Artefact":
        """Join several models' artefacts under their names, so that they are saved and loaded as one."""
        arrays = {f"{name}{_SEPARATOR}{key}": array for name, a in parts.items() for key, array in a.arrays.items()}
        return cls(arrays, {**(metadata or {}), "parts": {name: dict(a.metadata) for name, a in parts.items()}})

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the artefacts joined by `of_parts`."""
        return tuple(self.metadata.get("parts", {}))

    def part(self, name: str) -> "Artefact":
        """Return one of the artefacts joined by `of_parts`.

        Raises
        ------
        ArtefactMismatch
            When there is no such part.
        """
        if name not in self.parts:
            raise ArtefactMismatch(f"The saved model has no part {name!r}; it has {', '.join(self.parts) or 'none'}.")
        prefix = f"{name}{_SEPARATOR}"
        arrays = {key.removeprefix(prefix): array for key, array in self.arrays.items() if key.startswith(prefix)}
        return Artefact(arrays, self.metadata["parts"][name])


def save_artefact(artefact: Artefact, folder: Path) -> str:
    """Write an artefact to a new folder and return the checksum (sha256, hex) of its manifest.

    The folder appears whole or not at all, even after a power cut: it is written beside its place, forced to the disk
    and then moved there. Owner and group may read it, nobody else: the service may run under another user than who
    trains, in the same group.

    Raises
    ------
    InvalidInput
        When the folder exists already, or something in the artefact is not a plain array or JSON value.
    """
    if folder.exists():
        raise InvalidInput("A model is saved to a new folder; this one exists already.")
    folder.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".saving-", dir=folder.parent))
    try:
        packed = _npz(artefact.arrays)
        manifest = _manifest(artefact.metadata, {ARRAYS: packed})
        _write(beside / ARRAYS, packed)
        _write(beside / MANIFEST, manifest)
        os.chmod(beside, _FOLDER)
        _force_folder(beside)
        beside.rename(folder)
        _force_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return _sha256(manifest)


def load_artefact(folder: Path, *, expected: str | None = None) -> Artefact:
    """Read an artefact back; its arrays are read-only.

    Parameters
    ----------
    expected
        Checksum of the manifest as `save_artefact` returned it; with it, an exchanged folder is noticed too.

    Raises
    ------
    ArtefactMismatch
        When a file is missing or is not the one that was saved, or the format is another.
    """
    manifest_bytes = _read(folder / MANIFEST)
    if expected is not None and _sha256(manifest_bytes) != expected:
        raise ArtefactMismatch("The saved model is not the one that was registered: its manifest has another checksum.")
    manifest = _parse_manifest(manifest_bytes)
    files = {name: _read(folder / name) for name in manifest["files"]}
    for name, content in files.items():
        if _sha256(content) != manifest["files"][name]:
            raise ArtefactMismatch(f"The saved model is damaged: {name} has another checksum than its manifest states.")
    return Artefact(_arrays(files[ARRAYS]), manifest["metadata"])


def to_bytes(artefact: Artefact) -> bytes:
    """Return an artefact as one piece, the same bytes for the same content: settings, an end of line, and arrays."""
    return _manifest(artefact.metadata, {}).replace(b"\n", b"") + b"\n" + _npz(artefact.arrays)


def from_bytes(content: bytes) -> Artefact:
    """Return the artefact that `to_bytes` wrote.

    Raises
    ------
    ArtefactMismatch
        When it cannot be read.
    """
    head, _, arrays = content.partition(b"\n")
    try:
        metadata: Mapping[str, Any] = json.loads(head)["metadata"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactMismatch("A part of the saved model cannot be read.") from error
    return Artefact(_arrays(arrays), metadata)


def pack_strings(values: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Return texts as one array of bytes, which takes less room than an array of fixed width."""
    return np.frombuffer(json.dumps(list(values), ensure_ascii=False).encode(), dtype=np.uint8)


def unpack_strings(array: AnyArray) -> list[str]:
    """Return the texts packed by `pack_strings`.

    Raises
    ------
    ArtefactMismatch
        When the array does not hold packed texts.
    """
    try:
        values = json.loads(array.astype(np.uint8).tobytes())
    except ValueError as error:
        raise ArtefactMismatch("An array of texts cannot be read.") from error
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ArtefactMismatch("An array of texts holds something else.")
    return values


def pack_sparse(name: str, matrix: Sparse) -> dict[str, AnyArray]:
    """Return a sparse matrix as named plain arrays."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices,
        f"{name}.indptr": matrix.indptr,
        f"{name}.shape": np.array(matrix.shape, dtype=np.int64),
    }


def unpack_sparse(name: str, arrays: Mapping[str, AnyArray]) -> Sparse:
    """Return the sparse matrix packed by `pack_sparse` under that name.

    Raises
    ------
    ArtefactMismatch
        When one of its arrays is missing or they do not fit together.
    """
    try:
        data, indices, indptr = (arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
        rows, columns = arrays[f"{name}.shape"].tolist()
        return sparse.csr_matrix((data, indices, indptr), shape=(rows, columns), dtype=np.float32)
    except (KeyError, ValueError) as error:
        raise ArtefactMismatch(f"The saved matrix {name!r} is not complete.") from error


def _npz(arrays: Mapping[str, AnyArray]) -> bytes:
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise InvalidInput(f"The array {name!r} holds Python objects; only plain numbers and texts are saved.")
    buffer = io.BytesIO()
    # Written entry by entry with a fixed date (`np.savez` stamps the clock), so that equal models are equal bytes.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name in sorted(arrays):
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            packed.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
    return buffer.getvalue()


def _arrays(content: bytes) -> dict[str, AnyArray]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as packed:
            arrays = {name: packed[name] for name in packed.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ArtefactMismatch("The saved arrays cannot be read.") from error
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def _manifest(metadata: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    document = {
        "format": FORMAT,
        "files": {name: _sha256(content) for name, content in sorted(files.items())},
        "metadata": dict(metadata),
    }
    try:
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput("The settings of a model must be plain JSON values.") from error
    return text.encode()


def _parse_manifest(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise ArtefactMismatch("The manifest of the saved model cannot be read.") from error
    if not isinstance(manifest, dict) or manifest.get("format") not in READABLE:
        known = " and ".join(str(version) for version in READABLE)
        raise ArtefactMismatch(f"The saved model has another format than {known}, those that this version reads.")
    # Only the names that we write are read, so a manifest cannot point outside its folder.
    if set(manifest.get("files", ())) != {ARRAYS} or not isinstance(manifest.get("metadata"), dict):
        raise ArtefactMismatch("The manifest of the saved model is not complete.")
    return manifest


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _force_folder(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtefactMismatch(f"The saved model has no readable file {path.name}.") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
