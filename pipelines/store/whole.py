"""The metadata with every table of the store in it, whichever module a table is written in."""

from pipelines.store import (
    caseload_tables,
    claim_tables,
    consent_tables,
    inspection_tables,
    machine_tables,
    message_tables,
    model_tables,
    notice_tables,
    planned_tables,
    tables,
    upload_tables,
    workflow_tables,
)
from pipelines.store.base import metadata

PARTS = (
    tables,
    claim_tables,
    machine_tables,
    consent_tables,
    workflow_tables,
    upload_tables,
    model_tables,
    inspection_tables,
    caseload_tables,
    notice_tables,
    message_tables,
    planned_tables,
)
__all__ = ["PARTS", "metadata"]
