"""People's sensitive columns sealed, versions of rows, assignments, and writes only with a word in the audit."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from pipelines.access.vault import Place, Vault
from pipelines.store.migrations.audited import (
    ANSWERS,
    FORGET_ANSWERS,
    audited_table_triggers,
    dropped_table_triggers,
)
from pipelines.store.sealed import certificate_index, vault_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEVEN = ("employers", "vacancies", "candidates", "interactions", "placements", "services", "courses")
_AUDITED = (*_SEVEN, "fact_sources", "assignments", "shortlist_runs", "decisions")
_TEXTS = ("name", "certificate_number", "phone", "address")
_BLOCK = 500
_ZONED = sa.DateTime(timezone=True)
_PEOPLE = sa.table(
    "candidates",
    sa.column("candidate_id", sa.Text()),
    *(sa.column(name, sa.Text()) for name in _TEXTS),
    sa.column("birth_date", sa.Date()),
    sa.column("birth_date_sealed", sa.Text()),
    sa.column("birth_date_open", sa.Date()),
    sa.column("certificate_index", sa.Text()),
)
_INDICES = (
    ("ix_candidates_region", "candidates", ["region"], False),
    ("ix_placements_candidate_id", "placements", ["candidate_id"], False),
    ("ix_placements_employer_id", "placements", ["employer_id"], False),
    ("ix_audit_object_kind_object_id", "audit", ["object_kind", "object_id"], False),
)


def upgrade() -> None:
    """Apply."""
    _organisations()
    _assignments()
    _versions()
    _vault_keys()
    _seal_people()
    for name, table, columns, is_unique in _INDICES:
        op.create_index(op.f(name), table, columns, unique=is_unique)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(ANSWERS)
    for table in _AUDITED:
        _run(audited_table_triggers(table, op.get_bind().dialect.name))


def downgrade() -> None:
    """Undo."""
    for table in _AUDITED:
        _run(dropped_table_triggers(table, op.get_bind().dialect.name))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FORGET_ANSWERS)
    for name, table, _, _ in _INDICES:
        op.drop_index(op.f(name), table_name=table)
    _open_people()
    op.drop_table("vault_keys")
    for table in _SEVEN:
        op.drop_column(table, "row_version")
    op.drop_table("assignments")
    with op.batch_alter_table("organisations") as batch:
        batch.drop_constraint(op.f("ck_organisations_only_a_company_has_a_credit_code"), type_="check")
        batch.drop_column("employer_id")


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _organisations() -> None:
    with op.batch_alter_table("organisations") as batch:
        batch.add_column(sa.Column("employer_id", sa.Text(), nullable=True))
        batch.create_check_constraint(
            op.f("ck_organisations_only_a_company_has_a_credit_code"), "employer_id IS NULL OR kind = 'employer'"
        )


def _assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("since", _ZONED, nullable=False),
        sa.Column("ended_at", _ZONED, nullable=True),
        sa.CheckConstraint("since <= ended_at", name=op.f("ck_assignments_moments_in_order")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_assignments_candidate_id_candidates")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_assignments_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_assignments_user_id_users")),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_candidate_id"), "assignments", ["candidate_id"], unique=False)
    op.create_index(op.f("ix_assignments_organisation_id"), "assignments", ["organisation_id"], unique=False)


def _versions() -> None:
    for table in _SEVEN:
        op.add_column(table, sa.Column("row_version", sa.Integer(), server_default="1", nullable=False))


def _vault_keys() -> None:
    op.create_table(
        "vault_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("check_value", sa.Text(), nullable=False),
        sa.Column("made_at", _ZONED, nullable=False),
        sa.Column("retired_at", _ZONED, nullable=True),
        sa.CheckConstraint("length(check_value) = 64", name=op.f("ck_vault_keys_check_is_a_hash")),
        sa.CheckConstraint("made_at <= retired_at", name=op.f("ck_vault_keys_moments_in_order")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_vault_keys")),
    )


# ---- people ---------------------------------------------------------------------------------------------------------


def _vault() -> Vault:
    given = context.config.attributes.get("vault")
    return given if isinstance(given, Vault) else vault_of(op.get_bind())


def _seal_people() -> None:
    op.drop_index(op.f("ix_candidates_certificate_number"), table_name="candidates")
    op.add_column("candidates", sa.Column("birth_date_sealed", sa.Text(), nullable=True))
    op.add_column("candidates", sa.Column("certificate_index", sa.Text(), nullable=True))
    vault, taken, c = _vault(), set[str](), _PEOPLE.c
    for rows in _blocks(c.birth_date):
        _write([_sealed(vault, row, taken) for row in rows], ("birth_date_sealed", "certificate_index"))
    op.drop_column("candidates", "birth_date")
    op.alter_column("candidates", "birth_date_sealed", new_column_name="birth_date")
    op.create_index(op.f("ix_candidates_certificate_index"), "candidates", ["certificate_index"], unique=True)


def _sealed(vault: Vault, row: Any, taken: set[str]) -> dict[str, Any]:
    born: date | None = row.birth_date
    own = {name: getattr(row, name) for name in _TEXTS}
    index = certificate_index(vault, own["certificate_number"])
    if index in taken:
        index = None  # shared with somebody before: `db check` names both
    elif index is not None:
        taken.add(index)
    written = {
        name: None if text is None else vault.seal(text, Place("candidates", name, row.candidate_id))
        for name, text in {**own, "birth_date": None if born is None else born.isoformat()}.items()
    }
    return {
        "own_id": row.candidate_id,
        **{name: written[name] for name in _TEXTS},
        "birth_date_sealed": written["birth_date"],
        "certificate_index": index,
    }


def _open_people() -> None:
    op.drop_index(op.f("ix_candidates_certificate_index"), table_name="candidates")
    op.add_column("candidates", sa.Column("birth_date_open", sa.Date(), nullable=True))
    vault = _vault()
    for rows in _blocks(sa.type_coerce(_PEOPLE.c.birth_date, sa.Text()).label("birth_date")):
        _write([_opened(vault, row) for row in rows], ("birth_date_open",))
    op.drop_column("candidates", "birth_date")
    op.drop_column("candidates", "certificate_index")
    op.alter_column("candidates", "birth_date_open", new_column_name="birth_date")
    op.create_index(op.f("ix_candidates_certificate_number"), "candidates", ["certificate_number"], unique=False)


def _opened(vault: Vault, row: Any) -> dict[str, Any]:
    opened = {
        name: None if text is None else vault.open(text, Place("candidates", name, row.candidate_id))
        for name in (*_TEXTS, "birth_date")
        for text in (getattr(row, name),)
    }
    born = opened.pop("birth_date")
    return {
        "own_id": row.candidate_id,
        **opened,
        "birth_date_open": None if born is None else date.fromisoformat(born),
    }


def _blocks(birth_date: Any) -> Any:
    c, after = _PEOPLE.c, ""
    wanted = sa.select(c.candidate_id, *(c[name] for name in _TEXTS), birth_date)
    while True:
        statement = wanted.where(c.candidate_id > after).order_by(c.candidate_id).limit(_BLOCK)
        rows = op.get_bind().execute(statement).all()
        if not rows:
            return
        yield rows
        after = rows[-1].candidate_id


def _write(rows: list[dict[str, Any]], more: tuple[str, ...]) -> None:
    values: dict[str, Any] = {name: sa.bindparam(name) for name in (*_TEXTS, *more)}
    own = _PEOPLE.c.candidate_id == sa.bindparam("own_id")
    op.get_bind().execute(sa.update(_PEOPLE).where(own).values(values), rows)
