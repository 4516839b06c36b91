"""Releases of rule books: who proposed, what it changes, who released, and a signature that no file can forge.

A book may answer where somebody proposed it, another person released it, the signature over both holds under a key of
the vault, and it was not retired. What ran when the first account was made is taken on as it is, once.
"""

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from matching.rules.rulebook import Rulebook, load_rulebook, rule_files
from pipelines.access.audit import record
from pipelines.access.errors import Forbidden
from pipelines.access.keyed import derived
from pipelines.access.roles import Action, By, Subject
from pipelines.rule_release.errors import ReleaseRefused, RulesNotReleased
from pipelines.store.rule_books import DecisionRepository
from pipelines.store.rule_releases import Proposal, Release, ReleaseRepository
from pipelines.store.sealed import vault_of

INSTALLATION = "installation"
_USE = "rule_releases"
_ACTION = Action.RELEASE_RULES.value


def content_of(folder: Path) -> str:
    """Return the whole hash of the files of a rule book, names and lengths included."""
    return _hashed({path.relative_to(folder).as_posix(): path.read_bytes() for path in rule_files(folder)})


def content_of_archive(files: bytes) -> str:
    """Return the same hash of a kept rule book."""
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        return _hashed({name: archive.read(name) for name in archive.namelist()})


def _hashed(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, held in sorted(files.items()):
        digest.update(json.dumps([name, len(held)]).encode())
        digest.update(held)
    return digest.hexdigest()


class Releases:
    """The releases of a store at a moment; the caller opens the connection and commits."""

    def __init__(self, connection: Connection, *, at: datetime) -> None:
        self.connection, self.at = connection, at
        self._vault = vault_of(connection)
        self._kept = ReleaseRepository(connection)

    # ---- what may answer ----

    def check(self, content: str) -> None:
        """Let a rule book answer.

        Raises
        ------
        RulesNotReleased
            When no release of it holds.
        """
        if not any(self._holds(release) for release in self._kept.all(content)):
            raise RulesNotReleased("磁盘上的规则文件未经两人签发")

    def _holds(self, release: Release) -> bool:
        return release.retired_at is None and self._is_signed(release)

    def _is_signed(self, release: Release) -> bool:
        said = _said(release)
        return said is not None and any(
            key_id in self._vault.keys and hmac.compare_digest(_signature(self._vault.keys[key_id], said), signature)
            for key_id, signature in release.signatures
        )

    def take_on(self, book: Rulebook, folder: Path, *, by: By) -> bool:
        """Take the rule book at hand on where there never was a proposal; say whether that was so."""
        if not self._kept.is_empty():
            return False
        self._record(by, "adopted")  # from here on others wait
        if not self._kept.is_empty():
            return False
        proposal = self._propose(book, folder, INSTALLATION, self.at.date(), {})
        self._release(proposal, by.actor)
        return True

    # ---- bringing a book into force ----

    def propose(self, folder: Path, effects: Mapping[str, Any], subject: Subject, *, as_of: date) -> Proposal:
        """Keep a rule book and what it would change, for another person to release.

        Raises
        ------
        Forbidden
            When the subject is nobody who may release rules for the whole province.
        ReleaseRefused
            When the book may answer already.
        """
        by = _person(subject)
        content = content_of(folder)
        if any(self._holds(release) for release in self._kept.all(content)):
            raise ReleaseRefused("这一版规则已经签发")
        self._record(subject.by, "proposed")
        return self._propose(load_rulebook(folder), folder, by, as_of, effects)

    def _propose(self, book: Rulebook, folder: Path, by: str, as_of: date, effects: Mapping[str, Any]) -> Proposal:
        DecisionRepository(self.connection).keep_book(book, folder)
        files = self._kept.files(book.version)
        content = content_of(folder)
        if files is None or content_of_archive(files) != content:
            raise ReleaseRefused("同一版本号下已保存过另一套规则文件")
        told = json.dumps(effects, ensure_ascii=False, sort_keys=True)
        proposal = Proposal(str(uuid4()), book.version, content, by, self.at, as_of, told)
        self._kept.propose(proposal)
        return proposal

    def approve(self, release_id: str, subject: Subject) -> Release:
        """Release what somebody else proposed.

        Raises
        ------
        Forbidden
            When the subject is nobody who may release rules for the whole province.
        ReleaseRefused
            When there is no such proposal, it was released already, or it is the subject's own.
        """
        by, release = _person(subject), self._found(release_id)
        if release.approved_by is not None:
            raise ReleaseRefused("这一版规则已经签发")
        if release.proposal.proposed_by == by:
            raise ReleaseRefused("提出人不能自己签发，须由另一人签发")
        self._record(subject.by, "released")
        self._release(release.proposal, by)
        return self._found(release_id)

    def _release(self, proposal: Proposal, by: str) -> None:
        self._kept.approve(proposal, by, self.at)
        self._sign(self._found(proposal.release_id))

    def _sign(self, release: Release) -> None:
        said, key_id = _said(release), self._vault.current
        if said is not None:
            self._kept.sign(release.proposal.release_id, key_id, _signature(self._vault.keys[key_id], said))

    def retire(self, release_id: str, subject: Subject) -> Release:
        """Let a released book answer no more; one person is enough to stop it.

        Raises
        ------
        Forbidden
            When the subject is nobody who may release rules for the whole province.
        ReleaseRefused
            When there is no such release, or it was retired already.
        """
        by, release = _person(subject), self._found(release_id)
        if release.approved_by is None or release.retired_at is not None:
            raise ReleaseRefused("这一版规则没有签发，或已经停用")
        self._record(subject.by, "retired")
        self._kept.retire(release_id, by, self.at)
        return self._found(release_id)

    def all(self) -> list[tuple[Release, bool]]:
        """Return every proposal and whether its book may answer."""
        return [(release, self._holds(release)) for release in self._kept.all()]

    def newest_in_force(self) -> str | None:
        """Return the version released last of those that may answer."""
        holding = [r for r in self._kept.all() if self._holds(r) and r.approved_at is not None]
        return max(holding, key=lambda r: r.approved_at or self.at).proposal.version if holding else None

    # ---- keys and faults ----

    def sign_anew(self, *, by: By) -> int:
        """Sign with the current key what an older one signed, before that is thrown away; return how many."""
        current = self._vault.current
        older = [r for r in self._kept.all() if self._is_signed(r) and current not in dict(r.signatures)]
        if older:
            self._record(by, "signed")
        for release in older:
            self._sign(release)
        return len(older)

    def faults(self) -> list[tuple[str, str]]:
        """Return releases whose signature does not hold or whose kept files are others, with what is wrong."""
        wrong: list[tuple[str, str]] = []
        for release in self._kept.all():
            release_id, files = release.proposal.release_id, self._kept.files(release.proposal.version)
            if release.approved_by is not None and not self._is_signed(release):
                wrong.append((release_id, "规则签发记录的签名不符，或缺少签名时所用的密钥"))
            if files is None or content_of_archive(files) != release.proposal.content:
                wrong.append((release_id, "保存的规则文件与签发时的不同"))
        return wrong

    def _found(self, release_id: str) -> Release:
        for release in self._kept.all():
            if release.proposal.release_id == release_id:
                return release
        raise ReleaseRefused("没有这个签发编号")

    def _record(self, by: By, step: str) -> None:
        record(self.connection, by, _ACTION, object_kind="rule_book", details={"step": step})


def _person(subject: Subject) -> str:
    """Return who somebody is that may release rules: a named person, for the whole province."""
    if subject.user_id is None or not (subject.is_whole_province and subject.may(Action.RELEASE_RULES)):
        raise Forbidden("规则须由省级主管人员提出和签发")
    return subject.by.actor


def _said(release: Release) -> str | None:
    """Return what is signed, in one writing; None while nobody released it."""
    if release.approved_by is None or release.approved_at is None:
        return None
    own = release.proposal
    effects = hashlib.sha256(own.effects.encode()).hexdigest()
    moments = [own.proposed_at.isoformat(), release.approved_at.isoformat()]
    return json.dumps(
        [own.release_id, own.version, own.content, own.proposed_by, own.as_of.isoformat(), effects, *moments,
         release.approved_by]
    )  # fmt: skip


def _signature(key: bytes, said: str) -> str:
    return hmac.new(derived(key, _USE), said.encode(), hashlib.sha256).hexdigest()
