"""Sealing below the repositories: which vault a connection has, keyed hashes for look-up, and keys that must fit.

Keys travel as an option of the engine, so that nothing above the repositories meets a sealed value.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, inspect, select, update

from pipelines.access.errors import KeysMissing, VaultError
from pipelines.access.keyed import derived, keyed_hash, keyed_hashes
from pipelines.access.vault import Place, Vault
from pipelines.store import tables

VAULT_OPTION = "yougang_vault"
STEM = 20  # a certificate number without its re-issue suffix
BLOCK = 500
_USE, _CHECK = "candidates.certificate_number", b"yougang vault key check"
_NO_VAULT = Vault({})


class KeysDoNotFit(VaultError):
    """Keys that are not those that sealed this database."""


def vault_of(connection: Connection) -> Vault:
    """Return the vault of a connection's engine; an empty one where it was opened without keys."""
    found: Vault = connection.get_execution_options().get(VAULT_OPTION, _NO_VAULT)
    return found


def certificate_index(vault: Vault, number: str | None) -> str | None:
    """Return the keyed hash that a certificate number is stored under, whatever its re-issue suffix."""
    return None if number is None else keyed_hash(vault, _USE, number[:STEM])


def certificate_indices(vault: Vault, number: str) -> tuple[str, ...]:
    """Return the hashes that a number may be stored under: one for each known key, the current one first."""
    return keyed_hashes(vault, _USE, number[:STEM])


def sealed(table: str, vault: Vault, values: Mapping[str, Any], *, row: str) -> dict[str, str]:
    """Return the sealed columns of a row, given as texts, as they are stored; unknown ones are left out."""
    return {
        name: vault.seal(values[name], Place(table, name, row))
        for name in tables.SEALED.get(table, ())
        if values.get(name) is not None
    }


# ---- keys that fit --------------------------------------------------------------------------------------------------


def is_sealed(engine: Engine) -> bool:
    """True where a database holds what needs keys: then none may be made anew."""
    known = inspect(engine)
    with engine.connect() as connection:
        if known.has_table(tables.vault_keys.name) and _known_keys(connection):
            return True
        c = tables.users.c
        secrets = select(c.user_id).where(c.totp_secret.is_not(None)).limit(1)
        return known.has_table(tables.users.name) and connection.execute(secrets).first() is not None


def accept_keys(connection: Connection) -> None:
    """Check the keys of a connection against those that sealed the database, and note the new ones.

    Raises
    ------
    KeysMissing
        When a key that is needed is not there.
    KeysDoNotFit
        When a key of that name is another one.
    """
    vault, known = vault_of(connection), _known_keys(connection)
    for key_id, (check_value, _) in known.items():
        if key_id in vault.keys and not hmac.compare_digest(check_value, _check_value(vault.keys[key_id])):
            raise KeysDoNotFit(f"密钥 {key_id} 与加密这个数据库时所用的不同，请换回原来的密钥文件")
    missing = [key_id for key_id, (_, is_retired) in known.items() if not is_retired and key_id not in vault.keys]
    if missing:
        raise KeysMissing(
            f"缺少加密这个数据库时所用的密钥 {'、'.join(missing)}：请放回密钥文件，或设置 YOUGANG_KEY_FILE"
        )
    # A retired key that is still in the file seals nothing; only put in front again it counts anew.
    note_keys(
        connection,
        [i for i in vault.keys if i not in known or (known[i][1] and i == vault.current)],
    )


def note_keys(connection: Connection, key_ids: Iterable[str]) -> None:
    """Note keys as in use from now on."""
    vault, c = vault_of(connection), tables.vault_keys.c
    for key_id in key_ids:
        there = select(c.key_id).where(c.key_id == key_id)
        if connection.execute(there).first() is not None:
            connection.execute(update(tables.vault_keys).where(c.key_id == key_id).values(retired_at=None))
            continue
        values = {"key_id": key_id, "check_value": _check_value(vault.keys[key_id]), "made_at": datetime.now(UTC)}
        connection.execute(insert(tables.vault_keys).values(**values))


def retire_keys(connection: Connection) -> None:
    """Note that every key but the current one has nothing sealed with it any more."""
    c = tables.vault_keys.c
    others = update(tables.vault_keys).where(c.key_id != vault_of(connection).current, c.retired_at.is_(None))
    connection.execute(others.values(retired_at=datetime.now(UTC)))


def _known_keys(connection: Connection) -> dict[str, tuple[str, bool]]:
    c = tables.vault_keys.c
    rows = connection.execute(select(c.key_id, c.check_value, c.retired_at).order_by(c.made_at))
    return {key_id: (check_value, retired_at is not None) for key_id, check_value, retired_at in rows}


def _check_value(key: bytes) -> str:
    return hmac.new(derived(key, "check"), _CHECK, hashlib.sha256).hexdigest()


# ---- rotation -------------------------------------------------------------------------------------------------------


def reseal_block(connection: Connection, after: str) -> tuple[int, str | None]:
    """Seal the next people after an id with the current key; return how many changed, and the last id looked at.

    None for the id says that there was nobody left. A certificate gets its hash where nobody else holds it.
    """
    vault, people = vault_of(connection), tables.CASE_TABLES["candidates"]
    names = tables.SEALED["candidates"]
    wanted = [people.c[name] for name in ("candidate_id", "row_version", "certificate_index", *names)]
    rows = connection.execute(
        select(*wanted).where(people.c.candidate_id > after).order_by(people.c.candidate_id).limit(BLOCK)
    ).all()
    n_changed = 0
    for row in rows:
        changed = _resealed(connection, vault, row)
        if changed:
            # Whoever wrote the row meanwhile sealed it anew; what was read here is then no longer true.
            same = (people.c.candidate_id == row.candidate_id, people.c.row_version == row.row_version)
            n_changed += connection.execute(update(people).where(*same).values(changed)).rowcount
    return n_changed, rows[-1].candidate_id if rows else None


def _resealed(connection: Connection, vault: Vault, row: Any) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name in tables.SEALED["candidates"]:
        kept = getattr(row, name)
        if kept is None:
            continue
        place = Place("candidates", name, row.candidate_id)
        if not vault.is_current(kept):
            changed[name] = vault.seal(vault.open(kept, place), place)
    if row.certificate_number is not None:
        number = vault.open(row.certificate_number, Place("candidates", "certificate_number", row.candidate_id))
        index = certificate_index(vault, number)
        if row.certificate_index != index and not _is_held(connection, vault, number, row.candidate_id):
            changed["certificate_index"] = index
    return changed


def _is_held(connection: Connection, vault: Vault, number: str, candidate_id: str) -> bool:
    c = tables.CASE_TABLES["candidates"].c
    statement = select(func.count()).where(
        c.certificate_index.in_(certificate_indices(vault, number)), c.candidate_id != candidate_id
    )
    return bool(connection.execute(statement).scalar_one())
