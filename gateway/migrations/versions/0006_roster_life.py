"""The life of the roster: who joined, moved and left; yearly renewals; what was decided about numbers"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "membership",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    # What was not written down before: everybody joined when their row was made, and who is stopped left then. That
    # somebody had moved, or had been stopped and taken up again in between, is lost.
    op.execute(
        "INSERT INTO membership (person_id, event, why, reason, category, township, at) "
        "SELECT person_id, 'joined', '', '', category, township, created_at FROM informant ORDER BY person_id"
    )
    op.execute(
        "INSERT INTO membership (person_id, event, why, reason, category, township, at) "
        "SELECT person_id, 'left', 'other', stop_reason, category, township, "
        "coalesce(stopped_at, updated_at) FROM informant WHERE state = 'stopped' ORDER BY person_id"
    )
    op.create_table(
        "renewal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("silent_since", sa.BigInteger(), nullable=False),
        sa.Column("answer_by", sa.Text(), nullable=False),
        sa.Column("notice_id", KEY, nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal")),
    )
    op.create_table(
        "renewal_member",
        sa.Column("renewal_id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("noted_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewal.id"], name=op.f("fk_renewal_member_renewal_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_renewal_member_person_id")),
        sa.PrimaryKeyConstraint("renewal_id", "person_id", name=op.f("pk_renewal_member")),
    )
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
    op.drop_table("renewal_member")
    op.drop_table("renewal")
    op.drop_table("membership")
