"""Other channels, and people of the office with a phone: origins of cases, codes by text, zero reports, tags"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHANNELS = {"热线": "hotline", "信箱": "mailbox", "来访": "visit", "电话": "hotline"}


def upgrade() -> None:
    op.create_table(
        "case_origin",
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_ticket.id"], name=op.f("fk_case_origin_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_origin")),
        sa.UniqueConstraint("channel", "reference", name="uq_case_origin_channel_reference"),
    )
    op.create_table(
        "staff_code",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_ticket.id"], name=op.f("fk_staff_code_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_code")),
    )
    op.create_index(op.f("ix_staff_code_case_id"), "staff_code", ["case_id"], unique=False)
    op.create_table(
        "staff_guard",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_guard_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_staff_guard")),
    )
    op.create_table(
        "zero_report",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("matters", sa.Integer(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "month", name=op.f("pk_zero_report")),
    )
    op.create_table(
        "informant_tag",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_informant_tag_person_id")),
        sa.PrimaryKeyConstraint("person_id", "tag", name=op.f("pk_informant_tag")),
    )
    for written, code in CHANNELS.items():  # channels were free words before they had codes
        op.execute(
            sa.text("UPDATE case_ticket SET channel = :code WHERE channel = :written").bindparams(
                code=code, written=written
            )
        )


def downgrade() -> None:
    for name in ("informant_tag", "zero_report", "staff_guard", "staff_code", "case_origin"):
        op.drop_table(name)
