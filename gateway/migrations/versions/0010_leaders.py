"""Digests, instructions, records of supervision, watched cases, samples for evaluation by third parties"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("case_ticket", sa.Column("supervision_kind", sa.Text(), nullable=True))
    op.add_column("case_ticket", sa.Column("full_watch", sa.Text(), nullable=True))
    _digests()
    _instructions()
    _supervision()
    _samples()


def _digests() -> None:
    op.create_table(
        "digest",
        sa.Column("id", KEY, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
        sa.UniqueConstraint("year", "number", name="uq_digest_year_number"),
    )
    op.create_table(
        "digest_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("digest_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest_id"], ["digest.id"], name=op.f("fk_digest_item_digest_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_item")),
    )
    op.create_index(op.f("ix_digest_item_digest_id"), "digest_item", ["digest_id"], unique=False)


def _instructions() -> None:
    op.create_table(
        "instruction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("leader", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("item_id", KEY, nullable=True),
        sa.Column("case_id", KEY, nullable=True),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("computed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["digest_item.id"], name=op.f("fk_instruction_item_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case_ticket.id"], name=op.f("fk_instruction_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruction")),
        sa.UniqueConstraint("year", "serial", name="uq_instruction_year_serial"),
    )
    op.create_index(op.f("ix_instruction_item_id"), "instruction", ["item_id"], unique=False)
    op.create_index(op.f("ix_instruction_case_id"), "instruction", ["case_id"], unique=False)
    op.create_table(
        "instruction_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("instruction_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instruction_id"], ["instruction.id"], name=op.f("fk_instruction_event_instruction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruction_event")),
    )
    op.create_index(
        op.f("ix_instruction_event_instruction_id"), "instruction_event", ["instruction_id"], unique=False
    )


def _supervision() -> None:
    op.create_table(
        "supervision_record",
        sa.Column("id", KEY, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_record")),
    )
    op.create_table(
        "supervision_case",
        sa.Column("record_id", KEY, autoincrement=False, nullable=False),
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["supervision_record.id"], name=op.f("fk_supervision_case_record_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case_ticket.id"], name=op.f("fk_supervision_case_case_id")),
        sa.PrimaryKeyConstraint("record_id", "case_id", name=op.f("pk_supervision_case")),
    )
    op.create_index(op.f("ix_supervision_case_case_id"), "supervision_case", ["case_id"], unique=False)
    op.create_table(
        "watch_mark",
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.Column("told", KEY, nullable=False),
        sa.Column("seen", KEY, nullable=False),
        sa.Column("ends", KEY, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_ticket.id"], name=op.f("fk_watch_mark_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_watch_mark")),
    )


def _samples() -> None:
    op.create_table(
        "sample",
        sa.Column("id", KEY, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("frame", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
    )
    op.create_table(
        "sample_evaluator",
        sa.Column("sample_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name=op.f("fk_sample_evaluator_sample_id")),
        sa.PrimaryKeyConstraint("sample_id", "position", name=op.f("pk_sample_evaluator")),
    )
    op.create_table(
        "sample_case",
        sa.Column("sample_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("evaluator", sa.Integer(), nullable=False),
        sa.Column("attitude", sa.Integer(), nullable=True),
        sa.Column("efficiency", sa.Integer(), nullable=True),
        sa.Column("style", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=True),
        sa.Column("entered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name=op.f("fk_sample_case_sample_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case_ticket.id"], name=op.f("fk_sample_case_case_id")),
        sa.PrimaryKeyConstraint("sample_id", "position", name=op.f("pk_sample_case")),
    )
    op.create_index(op.f("ix_sample_case_case_id"), "sample_case", ["case_id"], unique=False)


def downgrade() -> None:
    for table in (
        *("sample_case", "sample_evaluator", "sample", "watch_mark", "supervision_case", "supervision_record"),
        *("instruction_event", "instruction", "digest_item", "digest"),
    ):
        op.drop_table(table)
    op.drop_column("case_ticket", "full_watch")
    op.drop_column("case_ticket", "supervision_kind")
