"""The queue of inspections (核查): units drawn for a year, by chance or for their hints, and what came of it.

No row tells of a person: the hints are kept as how many placements each concerned; the lines themselves are worked out
anew by whoever may see them.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from pipelines.store.base import UtcDateTime, metadata

inspections = Table(
    "inspections",
    metadata,
    Column("inspection_id", Text, primary_key=True),
    Column("employer_id", Text, ForeignKey("employers.employer_id"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("flags", Text, nullable=False),
    Column("rules_version", Text, nullable=False),
    Column("drawn_by", Text, nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    Column("outcome", Text),
    Column("ground", Text),
    Column("evidence", Text),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("row_version", Integer, nullable=False, server_default="1"),
    CheckConstraint("chosen IN ('random', 'risk')", name="chosen_known"),
    CheckConstraint(
        "outcome IN ('nothing_found', 'corrected', 'handed_on', 'rights_protection')", name="outcome_known"
    ),
    CheckConstraint(
        "(outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)"
        " AND (outcome IS NULL) = (ground IS NULL) AND (outcome IS NULL) = (evidence IS NULL)",
        name="decided_whole",
    ),
)
# A unit is inspected once for a year, however often it is drawn.
Index(None, inspections.c.employer_id, inspections.c.year, unique=True)
