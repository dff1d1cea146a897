"""The whole case flow: what stands beside the state, and a history that gives the case when it is played again"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ADDED = (
    ("since", sa.BigInteger(), "0"),
    ("incomplete", sa.Boolean(), sa.false()),
    ("orders", sa.Integer(), "0"),
    ("assigners", sa.JSON(), "[]"),
    ("ruled", sa.Boolean(), sa.false()),
    ("returns", sa.Integer(), "0"),
    ("extensions", sa.Integer(), "0"),
    ("recurrences", sa.Integer(), "0"),
    ("appeals", sa.Integer(), "0"),
)
OPTIONAL = ("leader_kind", "instruction", "method", "review_on", "supervision", "survey")
# The fields of a case as of this version: history written before it does not hold them, a snapshot does.
LISTS = ("accused", "co_handlers", "assigners")
FLAGS = ("incomplete", "ruled")
FIELDS = (
    *("state", "since", "kind", "topic", "place", "urgency", "shield", "incomplete", "leader_kind", "instruction"),
    *("accused", "lead", "co_handlers", "method", "orders", "assigners", "assigned_at", "due_on", "ruled", "returns"),
    *("extensions", "review_on", "supervision", "outcome", "reply", "reply_message_id", "reply_delivery", "survey"),
    *("surveyed_at", "rating", "round", "recurrences", "appeals", "master_id", "closed_at"),
)


def upgrade() -> None:
    # Plain ALTER TABLE: SQLite's way of writing the table anew would drop what other tables refer to.
    for name, kind, default in ADDED:
        op.add_column("case_ticket", sa.Column(name, kind, nullable=False, server_default=default))
    for name in OPTIONAL:
        op.add_column("case_ticket", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("case_ticket", sa.Column("surveyed_at", sa.BigInteger(), nullable=True))
    key = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE case_ticket ADD COLUMN master_id {key} "
        "CONSTRAINT fk_case_ticket_master_id REFERENCES case_ticket (id)"
    )
    op.create_index(op.f("ix_case_ticket_master_id"), "case_ticket", ["master_id"], unique=False)
    _carry_over(op.get_bind())
    op.drop_column("case_ticket", "assigned_by")


def _carry_over(tx: sa.Connection) -> None:
    """Who assigned, since when it stands, whether it was asked to be rated; then a snapshot as the next line of history."""
    last = "(SELECT max(at) FROM case_event WHERE case_event.case_id = case_ticket.id)"
    tx.execute(sa.text(f"UPDATE case_ticket SET since = coalesce({last}, created_at)"))
    tx.execute(sa.text("UPDATE case_ticket SET orders = 1 WHERE assigned_at IS NOT NULL"))
    asked = "SELECT max(other.id) FROM case_ticket other WHERE other.person_id = case_ticket.person_id AND other.state = 'replied'"
    tx.execute(  # everybody was asked; of several replies the latest is the one that a bare figure rates
        sa.text(
            f"UPDATE case_ticket SET survey = CASE WHEN id = ({asked}) THEN 'open' ELSE 'done' END, surveyed_at = since "
            "WHERE state IN ('replied', 'dissatisfied') AND person_id IS NOT NULL"
        )
    )
    plain = (name for name in FIELDS if name not in LISTS)
    tx.execute(  # who rated a reply has read it, whatever its receipt says
        sa.text(
            "UPDATE case_ticket SET reply_delivery = 'confirmed' WHERE rating IS NOT NULL AND reply_delivery = 'pending'"
        )
    )
    ticket = sa.table(
        "case_ticket",
        *map(sa.column, ("id", "assigned_by", *plain)),
        *(sa.column(name, sa.JSON()) for name in LISTS),
    )
    event = sa.table(
        "case_event",
        *map(sa.column, ("case_id", "at", "event", "actor", "role", "from_state", "to_state", "reason")),
        sa.column("data", sa.JSON()),
    )
    now = round(datetime.now(UTC).timestamp() * 1000)
    for row in tx.execute(sa.select(ticket)).mappings().all():
        assigners = [row["assigned_by"]] if row["assigned_by"] else []
        tx.execute(sa.update(ticket).where(ticket.c.id == row["id"]).values(assigners=assigners))
        given = {name: bool(row[name]) if name in FLAGS else row[name] for name in FIELDS} | {"assigners": assigners}
        tx.execute(
            sa.insert(event).values(
                case_id=row["id"],
                at=now,
                event="snapshot",
                actor="system",
                role="system",
                from_state=row["state"],
                to_state=row["state"],
                reason="升级时的状态",
                data={"set": given},
            )
        )


def downgrade() -> None:
    raise NotImplementedError("a history that holds every change cannot be made one that does not")
