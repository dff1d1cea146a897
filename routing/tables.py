"""What is stored about cases: one row a case, one row for everything that ever happened to it.

The columns of `case_ticket` from `state` on are the fields of `routing.cases.Case`, where each is explained.
"""

import sqlalchemy as sa

from roster.tables import Instant, Key, metadata

case_ticket = sa.Table(
    "case_ticket",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),  # quoted by citizens, last digit checks the others
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),  # extension digits under which texts about it are sent
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), index=True),  # NULL: channel without a phone
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("since", Instant, nullable=False, server_default="0"),
    sa.Column("kind", sa.Text),
    sa.Column("topic", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("urgency", sa.Text, nullable=False, default="normal"),
    sa.Column("shield", sa.Integer, nullable=False, default=1),
    sa.Column("incomplete", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("leader_kind", sa.Text),
    sa.Column("instruction", sa.Text),
    sa.Column("accused", sa.JSON, nullable=False, default=list),  # units that the text complains about
    sa.Column("lead", sa.Text),  # department that leads
    sa.Column("co_handlers", sa.JSON, nullable=False, default=list),
    sa.Column("method", sa.Text),
    sa.Column("orders", sa.Integer, nullable=False, server_default="0"),
    sa.Column("assigners", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("assigned_at", Instant),
    sa.Column("due_on", sa.Text),  # ISO date in the office's zone, as `review_on`
    sa.Column("ruled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("returns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("extensions", sa.Integer, nullable=False, server_default="0"),
    sa.Column("review_on", sa.Text),
    sa.Column("supervision", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("reply", sa.Text),  # reported for the citizen, sent on approval
    sa.Column("reply_message_id", Key),
    sa.Column("reply_delivery", sa.Text),
    sa.Column("survey", sa.Text),
    sa.Column("surveyed_at", Instant),
    sa.Column("rating", sa.Integer),
    sa.Column("round", sa.Integer, nullable=False, default=1),
    sa.Column("recurrences", sa.Integer, nullable=False, server_default="0"),
    sa.Column("appeals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("master_id", Key, sa.ForeignKey("case_ticket.id"), index=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.UniqueConstraint("year", "serial", name="uq_case_ticket_year_serial"),
)

sa.Index(
    "ix_case_ticket_pending",
    case_ticket.c.reply_message_id,
    sqlite_where=case_ticket.c.reply_delivery == "pending",
    postgresql_where=case_ticket.c.reply_delivery == "pending",
)

case_event = sa.Table(
    "case_event",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), nullable=False, index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("from_state", sa.Text),
    sa.Column("to_state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("text_id", Key),  # the citizen's text that caused it
    sa.Column("message_id", Key),  # the text sent to the citizen because of it
    sa.Column("data", sa.JSON, nullable=False, default=dict),
)

case_origin = sa.Table(
    "case_origin",
    metadata,
    # What is known of a matter that came another way than by text: its number there, when it came, who brought it.
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), primary_key=True, autoincrement=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("reference", sa.Text),
    sa.Column("received_at", Instant),
    sa.Column("key_sealed", sa.LargeBinary),  # a key of its own, so that the name can be forgotten
    sa.Column("name_sealed", sa.LargeBinary),
    sa.UniqueConstraint("channel", "reference", name="uq_case_origin_channel_reference"),
)
