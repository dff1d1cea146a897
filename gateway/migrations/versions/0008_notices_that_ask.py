"""Notices that ask: questions and the answers to them, staff lists, replies under their notice, corrections"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFERRING = (("notice", "question_id"), ("notice", "withdraws"), ("text", "notice_id"))


def upgrade() -> None:
    key = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # Plain ALTER TABLE: SQLite's way of writing the table anew would drop what other tables refer to.
    for table, column in REFERRING:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} {key} CONSTRAINT fk_{table}_{column} REFERENCES notice (id)"
        )
    op.create_index(op.f("ix_text_notice_id"), "text", ["notice_id"], unique=False)
    op.add_column("text", sa.Column("notice_reason", sa.Text(), nullable=True))
    op.add_column("text", sa.Column("notice_confidence", sa.Float(), nullable=True))
    op.add_column("message", sa.Column("village", sa.Text(), nullable=True))
    op.create_table(
        "question",
        sa.Column("notice_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_question_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_question")),
    )
    op.create_index(op.f("ix_question_closes_at"), "question", ["closes_at"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("question_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("text_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("option", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("apart", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["question_id"], ["question.notice_id"], name=op.f("fk_answer_question_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_answer_person_id")),
        sa.ForeignKeyConstraint(["text_id"], ["text.id"], name=op.f("fk_answer_text_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_question", "answer", ["question_id", "person_id"], unique=False)
    op.create_index(op.f("ix_answer_person_id"), "answer", ["person_id"], unique=False)
    op.create_index(op.f("ix_answer_text_id"), "answer", ["text_id"], unique=False)
    op.create_table(
        "notice_repeat",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_repeat")),
    )
    op.create_table(
        "notice_repeat_draft",
        sa.Column("repeat_id", KEY, autoincrement=False, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("notice_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["repeat_id"], ["notice_repeat.id"], name=op.f("fk_notice_repeat_draft_repeat_id")),
        sa.PrimaryKeyConstraint("repeat_id", "period", name=op.f("pk_notice_repeat_draft")),
    )
    op.create_table(
        "staff",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_staff")),
    )


def downgrade() -> None:
    raise NotImplementedError("answers would be lost")
