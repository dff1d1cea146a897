"""What is stored about traffic: texts in, messages out, who may command, who holds the daemon's lease.

Times here are plain milliseconds since 1970 UTC where the tick writes them by the hundred (`_ms` columns)
and `Instant` everywhere else.
"""

import sqlalchemy as sa

from roster.tables import Instant, Key, metadata
from routing.tables import case_ticket

__all__ = ["case_ticket", "metadata"]  # all tables are in `metadata` once this module is imported

Milliseconds = sa.BigInteger

# ---------------------------------------------------------------------------------------------- people at the desk

operator = sa.Table(
    "operator",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("login", sa.Text, unique=True),  # account of the operating system that is this operator
    sa.Column("password_hash", sa.Text),  # argon2id, for --as
    sa.Column("department", sa.Text),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("created_at", Instant, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    # A chain: `seal` covers the row and the seal before it, so a changed or removed row shows.
    sa.Column("id", Key, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False, default=dict),
    sa.Column("seal", sa.LargeBinary, nullable=False),
)

# ------------------------------------------------------------------------------------------------------ the daemon

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),  # fencing: grows with every new holder
    sa.Column("expires_ms", Milliseconds, nullable=False),
)

carrier_status = sa.Table(
    "carrier_status",
    metadata,
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("held_by", sa.Text),  # an operator's hold: nothing is submitted
    sa.Column("held_reason", sa.Text, nullable=False, default=""),
    sa.Column("held_at", Instant),
    sa.Column("retry_at", Instant),  # an operator wants a refused login tried again
    sa.Column("link_state", sa.Text, nullable=False, default="down"),  # carriers.link.LinkState, or stopped
    sa.Column("link_since", Instant),
    sa.Column("down_since", Instant),  # NULL while it is up
    sa.Column("link_detail", sa.Text, nullable=False, default=""),
    sa.Column("counters", sa.JSON, nullable=False, default=dict),
    sa.Column("reported_at", Instant),
)

carrier_trace = sa.Table(
    "carrier_trace",
    metadata,
    # The line's trace, or its last one. See gateway.tracing.
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False),  # names its file
    sa.Column("clear", sa.Boolean, nullable=False),  # numbers and words are not masked
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sa.Column("stand", sa.Text, nullable=False),  # gateway.tracing.Stand
)

# --------------------------------------------------------------------------------------------------------- notices

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # may name {姓名} {乡镇} {村} {类别}
    sa.Column("audience", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # draft | approved | running | paused | done | cancelled
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("approver", sa.Text),
    sa.Column("approved_at", Instant),
    sa.Column("send_at", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("paused_by", sa.Text),
    sa.Column("cancelled_ms", Milliseconds),
    sa.Column("validity_hours", sa.Integer, nullable=False),
    sa.Column("urgent_reason", sa.Text),  # set: quiet hours do not hold it back
    sa.Column("forced_reason", sa.Text),  # set: may repeat a text of the last 24 h
    # set: a part in doubt is sent once more by itself, even if it arrives twice
    sa.Column("resend_uncertain", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("resend_of", Key, sa.ForeignKey("notice.id")),
    sa.Column("question_id", Key, sa.ForeignKey("notice.id")),  # it puts this notice's question: its own, or once more
    sa.Column("withdraws", Key, sa.ForeignKey("notice.id")),  # it corrects this one
    sa.Column("plan", sa.JSON),  # frozen at approval: people, parts, left out, per carrier
)

notice_repeat = sa.Table(
    "notice_repeat",
    metadata,
    # A notice that comes back (月报、专栏): a draft is made of it every month or week. See gateway.recurring.
    sa.Column("id", Key, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),  # may name {年} {月} {日}, and what a notice may
    sa.Column("audience", sa.JSON, nullable=False),
    sa.Column("rhythm", sa.Text, nullable=False),  # routing.rhythm.Rhythm
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
)

notice_repeat_draft = sa.Table(
    "notice_repeat_draft",
    metadata,
    sa.Column("repeat_id", Key, sa.ForeignKey("notice_repeat.id"), primary_key=True, autoincrement=False),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("notice_id", Key, nullable=False),  # the draft, which may have been deleted since
)

question = sa.Table(
    "question",
    metadata,
    # What a notice asks: a poll (征求意见), or whether it was read (会议通知). Numbered like its notice.
    sa.Column("notice_id", Key, sa.ForeignKey("notice.id"), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),  # routing.asks.AskKind
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),  # of a poll, in the order of their figures
    sa.Column("closes_at", Instant, nullable=False, index=True),
    sa.Column("closed_at", Instant),  # its result was frozen
    sa.Column("closed_by", sa.Text),
    sa.Column("result", sa.JSON),  # of a poll, as it was shown when it was closed: the same for ever
)

# ----------------------------------------------------------------------------------------------------------- texts out

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),  # notice | reply | case | automatic | command | single | supervision
    sa.Column("notice_id", Key, sa.ForeignKey("notice.id"), index=True),
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), index=True),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("extension", sa.Text, nullable=False, default=""),  # digits behind the access number
    sa.Column("body", sa.Text),  # NULL: the notice's body, rendered for the person
    sa.Column("parts", sa.Integer, nullable=False),
    # The informant's when planned, so that a report stays what it was; of a staff list the unit stands as category.
    sa.Column("category", sa.Text),
    sa.Column("township", sa.Text),
    sa.Column("village", sa.Text),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_ms", Milliseconds, nullable=False),
    sa.Column("expires_ms", Milliseconds, nullable=False),
    sa.Column("token", sa.Text, unique=True),  # the sender's own key: the same again changes nothing
)

part = sa.Table(
    "part",
    metadata,
    # One row per SMS on the wire. States: see gateway.outbox.PartState.
    sa.Column("id", Key, primary_key=True),
    sa.Column("message_id", Key, sa.ForeignKey("message.id"), nullable=False, index=True),
    sa.Column("lane", Key, nullable=False, index=True),  # the notice it belongs to; 0: replies and single messages
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("person_id", Key, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # 1..total
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),  # why it stands there: the carrier's code, or our own word
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("consents", sa.Integer, nullable=False, default=0, server_default="0"),  # resends that somebody chose
    sa.Column("not_before_ms", Milliseconds, nullable=False, default=0),
    sa.Column("expires_ms", Milliseconds, nullable=False),
    sa.Column("changed_ms", Milliseconds, nullable=False),
)
sa.Index(
    "ix_part_waiting",
    part.c.carrier,
    part.c.lane,
    part.c.id,
    sqlite_where=part.c.state == "queued",
    postgresql_where=part.c.state == "queued",
)
sa.Index(
    "ix_part_uncertain",
    part.c.person_id,
    sqlite_where=part.c.state == "uncertain",
    postgresql_where=part.c.state == "uncertain",
)
sa.Index(
    "ix_part_undelivered",
    part.c.person_id,
    sqlite_where=part.c.state == "undelivered",
    postgresql_where=part.c.state == "undelivered",
)

attempt = sa.Table(
    "attempt",
    metadata,
    # One row per submit, committed before the submit is on the wire. `session` is unique for every
    # connection there ever was, so (session, sequence) names the submit for ever.
    sa.Column("session", sa.BigInteger, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("part_id", Key, sa.ForeignKey("part.id"), nullable=False, index=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("intent_ms", Milliseconds, nullable=False),
    sa.Column("outcome", sa.Text),  # NULL while open | accepted | refused | wrong_network | uncertain | not_sent
    sa.Column(
        "status", sa.BigInteger().with_variant(sa.Integer, "sqlite")
    ),  # as the carrier sent it: 32 bits without a sign
    sa.Column("answered_ms", Milliseconds),
    sa.Column("carrier_id", sa.Text),  # the carrier's message id, as receipts.message_key writes it
    sqlite_with_rowid=False,
)
sa.Index(
    "ix_attempt_carrier_id",
    attempt.c.carrier,
    attempt.c.carrier_id,
    sqlite_where=attempt.c.carrier_id.isnot(None),
    postgresql_where=attempt.c.carrier_id.isnot(None),
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("carrier_id", sa.Text, nullable=False),
    sa.Column("part_id", Key),  # NULL: waits to be matched
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),  # applied | progress | repeated | conflict | late | rerouted | orphan
    sa.Column("received_ms", Milliseconds, nullable=False),
    sa.Column("raw_sealed", sa.LargeBinary),  # kept where the fields do not tell the whole story
    sa.Column("person_id", Key),  # of the number that the receipt names; only kept for orphans
)
sa.Index(
    "ix_receipt_orphan",
    receipt.c.carrier,
    receipt.c.carrier_id,
    sqlite_where=receipt.c.part_id.is_(None),
    postgresql_where=receipt.c.part_id.is_(None),
)

reroute = sa.Table(
    "reroute",
    metadata,
    # A part that went on to another carrier than its person's. See gateway.rerouting.
    sa.Column("id", Key, primary_key=True),
    sa.Column("part_id", Key, sa.ForeignKey("part.id"), nullable=False, index=True),
    sa.Column("from_carrier", sa.Text, nullable=False),
    sa.Column("to_carrier", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),  # what the first carrier said; "down" when its line was
    sa.Column("at_ms", Milliseconds, nullable=False),
    sa.Column("learned", sa.Boolean, nullable=False, default=False),  # its delivery has taught whose the number is
)

# ------------------------------------------------------------------------------------------------------------ texts in

text_part = sa.Table(
    "text_part",
    metadata,
    # What came over the wire, stored before it is acknowledged. A short text is one part of one.
    sa.Column("id", Key, primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("received_ms", Milliseconds, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("coding", sa.Integer, nullable=False),
    sa.Column("binary", sa.Boolean, nullable=False),
    sa.Column("reference", sa.Integer),
    sa.Column("total", sa.Integer),
    sa.Column("number", sa.Integer),
    sa.Column("width", sa.Integer),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False, index=True),  # equal for the same text delivered again
    sa.Column("raw_sealed", sa.LargeBinary, nullable=False),
    sa.Column("text_id", Key, index=True),  # NULL while its other parts are missing
)
sa.Index(
    "ix_text_part_open",
    text_part.c.person_id,
    text_part.c.reference,
    sqlite_where=text_part.c.text_id.is_(None),
    postgresql_where=text_part.c.text_id.is_(None),
)

text = sa.Table(
    "text",
    metadata,
    # A whole text from a citizen and what was decided about it.
    sa.Column("id", Key, primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("extension", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("received_ms", Milliseconds, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),  # routing.inbound.Decision.kind
    sa.Column("case_id", Key, sa.ForeignKey("case_ticket.id"), index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("handled_at", Instant),  # an operator dealt with it (unknown senders, binaries)
    sa.Column("handled_by", sa.Text),
    sa.Column("notice_id", Key, sa.ForeignKey("notice.id"), index=True),  # it replies to this notice
    sa.Column("notice_reason", sa.Text),
    sa.Column("notice_confidence", sa.Float),
)

answer = sa.Table(
    "answer",
    metadata,
    # What a text answers to a question. Rows are only added; the one that counts is a person's last, see routing.polls.
    sa.Column("id", Key, primary_key=True),
    sa.Column("question_id", Key, sa.ForeignKey("question.notice_id"), nullable=False),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("text_id", Key, sa.ForeignKey("text.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),  # routing.asks.AnswerKind
    sa.Column("option", sa.Integer),  # of a vote, from 1
    sa.Column("words", sa.Text, nullable=False),  # the reason of a vote, an opinion, a remark
    sa.Column("received_ms", Milliseconds, nullable=False),
    sa.Column("apart", sa.Text),  # why it does not count: late | not_asked
    sa.Column("actor", sa.Text, nullable=False),  # citizen, or the operator who decided
    sa.Column("undone_at", Instant),
    sa.Column("undone_by", sa.Text),
)
sa.Index("ix_answer_question", answer.c.question_id, answer.c.person_id)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("received_ms", Milliseconds, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False, default=1, server_default="1"),
    sa.Column("raw_sealed", sa.LargeBinary),  # NULL: so many were only counted, see gateway.quarantine
)
sa.Index("ix_quarantine_day", quarantine.c.carrier, quarantine.c.received_ms)
