"""Parts that go on over another carrier; since when a line is down"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carrier_status", sa.Column("down_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "reroute",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_carrier", sa.Text(), nullable=False),
        sa.Column("to_carrier", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("learned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_reroute_part_id_part")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reroute")),
    )
    op.create_index(op.f("ix_reroute_part_id"), "reroute", ["part_id"], unique=False)


def downgrade() -> None:
    op.drop_table("reroute")
    op.drop_column("carrier_status", "down_since")
