"""Triggers by which a database refuses a write that nobody answers for: only with an audit row of the same transaction.

On SQLite a connection of the program knows the number of the row that `record` wrote in its transaction (kept in
`Connection.info` until its end); from another program every write fails, since it has no such function. On PostgreSQL
the number travels as a setting of the transaction, which must have moved the head of the audit itself.
A migration that rebuilds a table by `batch_alter_table` loses SQLite's triggers: make them again after it.
"""

FUNCTION = "yougang_audit_number"
SETTING = "yougang.audit"
_REFUSAL = "a write needs an audit row of its own transaction"
_ACTS = ("insert", "update", "delete")


def audited_table_triggers(name: str, dialect: str, columns: str | None = None) -> tuple[str, ...]:
    """Return the statements that put a table under audit; with columns an update of others needs no audit row."""
    update = "UPDATE" if columns is None else f"UPDATE OF {columns}"
    if dialect == "postgresql":
        return (
            f"CREATE TRIGGER {name}_audited BEFORE INSERT OR {update} OR DELETE OR TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_answers()",
        )
    return tuple(
        f"CREATE TRIGGER {name}_audited_{act} BEFORE {update if act == 'update' else act.upper()} ON {name} "  # noqa: S608  # names of our tables
        f"WHEN {FUNCTION}() IS NOT (SELECT sequence FROM audit_head WHERE id = 1) "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for act in _ACTS
    )


def dropped_table_triggers(name: str, dialect: str) -> tuple[str, ...]:
    """Return the statements that take a table out of audit again."""
    if dialect == "postgresql":
        return (f"DROP TRIGGER {name}_audited ON {name}",)
    return tuple(f"DROP TRIGGER {name}_audited_{act}" for act in _ACTS)


def trigger_names(name: str, dialect: str) -> frozenset[str]:
    """Return the names of the triggers of a table under audit."""
    if dialect == "postgresql":
        return frozenset({f"{name}_audited"})
    return frozenset(f"{name}_audited_{act}" for act in _ACTS)


# The head's row is written anew with every audit row. What another transaction wrote was committed before this one
# could read it, so a head at least as young as this transaction is its own: the setting alone could be made up.
ANSWERS = f"""CREATE FUNCTION audit_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM audit_head
    WHERE sequence::text = current_setting('{SETTING}', true)
      AND age(xmin) <= age(pg_current_xact_id()::xid)
  ) THEN
    RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$"""  # noqa: S608  # constants
FORGET_ANSWERS = "DROP FUNCTION audit_answers()"
