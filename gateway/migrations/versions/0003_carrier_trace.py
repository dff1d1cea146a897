"""Traces of lines that commands ask the daemon for"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier_trace",
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("clear", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("stand", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", name=op.f("pk_carrier_trace")),
    )


def downgrade() -> None:
    op.drop_table("carrier_trace")
