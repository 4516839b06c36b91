"""The file of a backup: a ZIP of one file of lines for each table, and a manifest that says what must be in them.

Sealed values stay sealed and no key is in it, but everything else is as readable as the database: it is written for its
owner alone. The manifest carries a keyed hash, so that with the keys at hand an altered archive is found.
"""

import hashlib
import hmac
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pipelines.access.keyed import keyed_hash, keyed_hashes
from pipelines.access.vault import Vault
from pipelines.errors import PipelineError

FORMAT = "yougang-backup-1"
_MANIFEST, _MARK, _USE = "manifest.json", "manifest.mark", "backup"
_DAMAGE = (zipfile.BadZipFile, EOFError, UnicodeDecodeError, NotImplementedError, zlib.error, struct.error)
_LONGEST = 64 * 1024 * 1024  # of a line: a row with a rule book in it is the longest there is


class BackupError(PipelineError):
    """A backup that cannot be made, read or restored."""


class BrokenArchive(BackupError):
    """An archive that is damaged, altered or none."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the archive says of one table: its columns, how many rows, and the SHA-256 over their lines."""

    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds."""

    made_at: datetime
    revision: str
    audit_sequence: int
    audit_hash: str
    key_ids: tuple[str, ...]
    """Keys without which some of what is sealed can no longer be read."""
    parts: tuple[Part, ...]

    @property
    def n_rows(self) -> int:
        """How many rows all tables have together."""
        return sum(part.rows for part in self.parts)

    def text(self) -> str:
        """Return the manifest as it is written."""
        told = {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(told, ensure_ascii=False, indent=1)

    @classmethod
    def read(cls, text: str) -> "Manifest":
        """Read a manifest.

        Raises
        ------
        BrokenArchive
            When it is none, or of another format.
        """
        try:
            told = json.loads(text)
            if told.pop("format") != FORMAT:
                raise BrokenArchive("这个备份的格式不是本程序的格式，可能由更新的程序生成")
            parts = tuple(Part(p["table"], tuple(p["columns"]), p["rows"], p["sha256"]) for p in told.pop("parts"))
            made_at, key_ids = datetime.fromisoformat(told.pop("made_at")), tuple(told.pop("key_ids"))
            return cls(made_at=made_at, key_ids=key_ids, parts=parts, **told)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenArchive("备份的目录无法读取：文件已损坏") from error


class ArchiveWriter:
    """Writes an archive; it has its name only once it is whole and on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = path.with_name(f"{path.name}.unfinished")

    def __enter__(self) -> "ArchiveWriter":
        # Never over another file, and from the first byte on for its owner alone.
        self._file = os.fdopen(os.open(self._unfinished, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        return self

    def add(self, table: str, columns: Iterable[str], lines: Iterable[str]) -> Part:
        """Write the lines of a table."""
        n, sha = 0, hashlib.sha256()
        with self._zip.open(_member(table), "w", force_zip64=True) as member:
            for line in lines:
                raw = line.encode() + b"\n"
                sha.update(raw)
                member.write(raw)
                n += 1
        return Part(table, tuple(columns), n, sha.hexdigest())

    def finish(self, manifest: Manifest, vault: Vault) -> None:
        """Write the manifest, with its keyed hash where there are keys, and give the file its name."""
        text = manifest.text()
        self._zip.writestr(_MANIFEST, text)
        if vault.keys:
            self._zip.writestr(_MARK, keyed_hash(vault, _USE, text))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._unfinished, self.path)
        _settle_folder(self.path.parent)

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        for part in (self._zip, self._file):
            with suppress(OSError, ValueError):  # what broke off is thrown away; a full disk has been told already
                part.close()
        self._unfinished.unlink(missing_ok=True)


def _settle_folder(folder: Path) -> None:
    """Put the new name on the disk, too."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


class Archive:
    """An archive that is read; use `opened`."""

    def __init__(self, members: zipfile.ZipFile) -> None:
        self._zip = members
        self._text = self._read(_MANIFEST).decode()
        self.manifest = Manifest.read(self._text)

    def _read(self, name: str) -> bytes:
        try:
            if self._zip.getinfo(name).file_size > _LONGEST:
                raise BrokenArchive("备份的目录大得不合理：文件已损坏")
            return self._zip.read(name)
        except KeyError as error:
            raise BrokenArchive("备份中缺少目录：文件不完整") from error

    def is_ours(self, vault: Vault) -> bool:
        """True where one of these keys marked the manifest, so that nobody without them altered it.

        Raises
        ------
        BrokenArchive
            When it is marked by one of these keys, but not as it stands.
        """
        if _MARK not in self._zip.namelist():
            return False
        mark = self._read(_MARK).decode("ascii", "replace")
        own = {each.partition(".")[0]: each for each in keyed_hashes(vault, _USE, self._text)}
        expected = own.get(mark.partition(".")[0])
        if expected is None:
            return False
        if not hmac.compare_digest(expected, mark):
            raise BrokenArchive("备份的目录与其签记不符：文件被改动过，或密钥不是当时的密钥")
        return True

    def lines(self, part: Part) -> Generator[str, None, None]:
        """Yield the lines of a table, and at their end make sure that they were what the manifest says.

        Raises
        ------
        BrokenArchive
            When they are not.
        """
        n, sha = 0, hashlib.sha256()
        with self._member(part) as member:
            while raw := member.readline(_LONGEST):
                n += 1
                sha.update(raw)
                yield raw.decode().rstrip("\n")
        if (n, sha.hexdigest()) != (part.rows, part.sha256):
            raise BrokenArchive(f"备份中 {part.table} 表的内容与目录不符：文件已损坏或被改动")

    def _member(self, part: Part) -> IO[bytes]:
        try:
            return self._zip.open(_member(part.table))
        except KeyError as error:
            raise BrokenArchive(f"备份中缺少 {part.table} 表：文件不完整") from error


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive.

    Raises
    ------
    BrokenArchive
        When it is none, or turns out to be damaged while it is read.
    """
    try:
        with zipfile.ZipFile(path) as members:
            yield Archive(members)
    except FileNotFoundError as error:
        raise BackupError("没有这个备份文件") from error
    except _DAMAGE as error:
        raise BrokenArchive("这个文件不是备份，或者已损坏、不完整") from error


def as_document(manifest: Manifest) -> Mapping[str, Any]:
    """Return what is told of an archive."""
    return {
        "made_at": manifest.made_at.isoformat(),
        "revision": manifest.revision,
        "rows": manifest.n_rows,
        "tables": {part.table: part.rows for part in manifest.parts},
        "audit_sequence": manifest.audit_sequence,
        "audit_hash": manifest.audit_hash,
        "key_ids": list(manifest.key_ids),
    }
