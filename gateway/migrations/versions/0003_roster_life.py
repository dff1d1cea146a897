"""What was decided about numbers; a look at undelivered parts by person"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "number_decision",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("suspicion", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_number_decision_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_decision")),
    )
    op.create_index(op.f("ix_number_decision_person_id"), "number_decision", ["person_id"], unique=False)
    op.create_index(
        "ix_part_undelivered",
        "part",
        ["person_id"],
        sqlite_where=sa.text("state = 'undelivered'"),
        postgresql_where=sa.text("state = 'undelivered'"),
    )


def downgrade() -> None:
    op.drop_index("ix_part_undelivered", table_name="part")
    op.drop_table("number_decision")
