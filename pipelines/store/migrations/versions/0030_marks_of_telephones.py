"""Marks of people hold a keyed hash of the telephone as well: who shares one is found without opening anybody's."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; marks of before are made anew at the next look, since their telephone is lacking."""
    op.add_column("person_marks", sa.Column("phone", sa.Text(), nullable=True))
    op.create_index(op.f("ix_person_marks_phone"), "person_marks", ["phone"])


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_person_marks_phone"), table_name="person_marks")
    op.drop_column("person_marks", "phone")
