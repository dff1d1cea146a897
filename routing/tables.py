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
    sa.Column("supervision_kind", sa.Text),
    sa.Column("full_watch", sa.Text),
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

sa.Index("ix_case_ticket_state_closed_at", case_ticket.c.state, case_ticket.c.closed_at)  # open, or closed lately

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

# ------------------------------------------------------------------------------------------- leaders and supervision

digest = sa.Table(
    "digest",
    metadata,
    # An issue of the weekly digest (信息摘报). Once it is signed its content never changes.
    sa.Column("id", Key, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # 第N期 of the year
    sa.Column("first", sa.Text, nullable=False),  # the days it looks at: ISO dates in the office's zone
    sa.Column("last", sa.Text, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("drafted_at", Instant, nullable=False),
    sa.Column("signed_by", sa.Text),
    sa.Column("signed_at", Instant),
    sa.Column("content", sa.JSON),  # frozen when it is signed: gateway.digest_desk.Issue
    sa.UniqueConstraint("year", "number", name="uq_digest_year_number"),
)

digest_item = sa.Table(
    "digest_item",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("digest_id", Key, sa.ForeignKey("digest.id"), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),  # nobody can be recognised in them
    sa.Column("cases", sa.JSON, nullable=False),  # numbers of the cases it is made of
    sa.Column("reasons", sa.JSON, nullable=False),  # why it was picked, in the office's words
    sa.Column("added_by", sa.Text, nullable=False),
)

instruction = sa.Table(
    "instruction",
    metadata,
    # What a leader wrote (批示) on an item of a digest, or on a case that did not wait for it. That by which a
    # leader assigns a case is a step of the case, and stands in its history only.
    sa.Column("id", Key, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("leader", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("item_id", Key, sa.ForeignKey("digest_item.id"), index=True),
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), index=True),
    sa.Column("given_at", Instant, nullable=False),
    sa.Column("due_on", sa.Text, nullable=False),  # ISO date in the office's zone
    sa.Column("computed", sa.Boolean, nullable=False),  # the calendar gave that date, nobody ordered it
    sa.UniqueConstraint("year", "serial", name="uq_instruction_year_serial"),
)

instruction_event = sa.Table(
    "instruction_event",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("instruction_id", Key, sa.ForeignKey("instruction.id"), nullable=False, index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # routing.instructions.Event
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False, default=""),
    sa.Column("words", sa.Text, nullable=False, default=""),
)

supervision_record = sa.Table(
    "supervision_record",
    metadata,
    # Supervision of a unit, or of a place and topic (一题一专项). That of a case (一事一督办) is in the case's history.
    sa.Column("id", Key, primary_key=True),
    sa.Column("form", sa.Text, nullable=False),  # routing.supervision.Form
    sa.Column("kind", sa.Text, nullable=False),  # routing.cases.SUPERVISIONS
    sa.Column("unit", sa.Text, nullable=False, default=""),
    sa.Column("place", sa.Text, nullable=False, default=""),
    sa.Column("topic", sa.Text, nullable=False, default=""),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("measure", sa.Text, nullable=False, default=""),  # how conduct is dealt with: config/cases.toml
    sa.Column("due_on", sa.Text),  # ISO date in the office's zone
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Column("result", sa.Text, nullable=False, default=""),
)

supervision_case = sa.Table(
    "supervision_case",
    metadata,
    # Cases that somebody put to a record; those of its place and topic belong to it anyway.
    sa.Column("record_id", Key, sa.ForeignKey("supervision_record.id"), primary_key=True, autoincrement=False),
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), primary_key=True, autoincrement=False, index=True),
)

watch_mark = sa.Table(
    "watch_mark",
    metadata,
    # How far the supervision office has followed a case whose every step it wants to see (全程督办).
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), primary_key=True, autoincrement=False),
    sa.Column("told", Key, nullable=False),  # the last line of its history that was texted
    sa.Column("seen", Key, nullable=False),  # the last one that was ticked off
    sa.Column("ends", Key),  # the line with which the watch ended
)

sample = sa.Table(
    "sample",
    metadata,
    # A draw of closed cases for evaluation by third parties, with all that is needed to draw it again.
    sa.Column("id", Key, primary_key=True),
    sa.Column("period", sa.Text, nullable=False),  # 2026-11, or 2026
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("seed", sa.Text, nullable=False),
    sa.Column("frame", sa.JSON, nullable=False),  # [number, unit] of every case it was drawn from
    sa.Column("left_out", sa.JSON, nullable=False),  # why -> how many
    sa.Column("reason", sa.Text, nullable=False, default=""),  # why a period was drawn again
    sa.Column("drawn_by", sa.Text, nullable=False),
    sa.Column("drawn_at", Instant, nullable=False),
)

sample_evaluator = sa.Table(
    "sample_evaluator",
    metadata,
    sa.Column("sample_id", Key, sa.ForeignKey("sample.id"), primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),  # or a code, as the office's list has it
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False, default=""),
)

sample_case = sa.Table(
    "sample_case",
    metadata,
    sa.Column("sample_id", Key, sa.ForeignKey("sample.id"), primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),  # its pseudonym is made of it
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), nullable=False, index=True),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("evaluator", sa.Integer, nullable=False),
    sa.Column("attitude", sa.Integer),  # 1 to 5 each, NULL until they are entered
    sa.Column("efficiency", sa.Integer),
    sa.Column("style", sa.Integer),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("entered_by", sa.Text),
    sa.Column("entered_at", Instant),
)

# ----------------------------------------------------------------------------------------------------- other channels

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
