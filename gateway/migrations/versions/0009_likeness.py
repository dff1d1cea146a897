"""What texts of cases are found by, so that a new one is compared with its like"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Both are filled by the gateway, some hundred cases at a time: an upgrade of a large archive does not wait for it.
    op.create_table(
        "case_token",
        sa.Column("token", KEY, autoincrement=False, nullable=False),
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("token", "case_id", name=op.f("pk_case_token")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token_count",
        sa.Column("token", KEY, autoincrement=False, nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_token_count")),
    )
    op.create_index("ix_case_ticket_state_closed_at", "case_ticket", ["state", "closed_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_case_ticket_state_closed_at", "case_ticket")
    op.drop_table("token_count")
    op.drop_table("case_token")
