"""What is stored about people: the tables of the roster, and the one `metadata` all packages share."""

from datetime import UTC, datetime

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A row's number. SQLite numbers rows by itself only for a column of type INTEGER."""


class Instant(sa.types.TypeDecorator[datetime]):
    """A moment: stored as milliseconds since 1970 UTC, read and written as an aware datetime."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """Milliseconds since 1970 UTC; a naive datetime is refused."""
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """The moment in UTC."""
        return None if value is None else moment(value)


def milliseconds(value: datetime) -> int:
    """Since 1970 UTC, as an `Instant` is stored. Raises `ValueError` for a naive datetime."""
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return round(value.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """What an `Instant` stores, in UTC."""
    return datetime.fromtimestamp(stored / 1000, UTC)


person = sa.Table(
    "person",
    metadata,
    # Everybody we ever exchanged a text with, informant or not. All that says who it is lies sealed
    # under the person's own key; destroying `key_sealed` forgets the person (DESIGN: erasure).
    sa.Column("id", Key, primary_key=True),
    sa.Column("key_sealed", sa.LargeBinary),
    sa.Column("phone_sealed", sa.LargeBinary, nullable=False),
    sa.Column("phone_index", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("carrier", sa.Text, nullable=False),  # name of the configured carrier that reaches this number now
    sa.Column("carrier_source", sa.Text, nullable=False),  # operator | learned | prefix | library | default
    sa.Column("opted_out_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
)

carrier_evidence = sa.Table(
    "carrier_evidence",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # operator | text | receipt
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
)

informant = sa.Table(
    "informant",
    metadata,
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
    sa.Column("name_sealed", sa.LargeBinary, nullable=False),
    sa.Column("name_index", sa.LargeBinary, nullable=False, index=True),
    sa.Column("identity_sealed", sa.LargeBinary),  # identity number (居民身份证号)
    sa.Column("identity_index", sa.LargeBinary, unique=True),
    sa.Column("details_sealed", sa.LargeBinary),  # JSON: gender, unit, duty, note
    sa.Column("category", sa.Text, nullable=False, index=True),
    sa.Column("township", sa.Text, nullable=False, index=True),
    sa.Column("village", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.Text, nullable=False, default="active"),  # active | stopped
    sa.Column("stopped_at", Instant),
    sa.Column("stop_reason", sa.Text, nullable=False, default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

staff = sa.Table(
    "staff",
    metadata,
    # People of the units who are texted about their duty (meetings) and need not be informants.
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("name_sealed", sa.LargeBinary, nullable=False),  # a name, or a post
    sa.Column("updated_at", Instant, nullable=False),
)

consent = sa.Table(
    "consent",
    metadata,
    # Proof of every opt-out and opt-in. Kept for ever: the last row of a person says what holds.
    sa.Column("id", Key, primary_key=True),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),  # opt_out | opt_in
    sa.Column("channel", sa.Text, nullable=False),  # text | operator | import
    sa.Column("proof", sa.Text, nullable=False),  # the words received, or who noted it and why
    sa.Column("text_id", Key),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

membership = sa.Table(
    "membership",
    metadata,
    # Who joined, moved, left, returned, and when: one row for each, never changed. See roster.membership.
    sa.Column("id", Key, primary_key=True),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),  # joined | moved | left | returned
    sa.Column("why", sa.Text, nullable=False, default=""),  # a key of roster.membership.WHY_LEFT when they left
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("category", sa.Text, nullable=False),  # what holds after it
    sa.Column("township", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

number_decision = sa.Table(
    "number_decision",
    metadata,
    # What was decided about a number. Suspicions are computed from the signs after the last row of a person.
    sa.Column("id", Key, primary_key=True),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("verdict", sa.Text, nullable=False),  # confirmed | dismissed | replaced (the informant has a new number)
    sa.Column("suspicion", sa.Text),  # roster.suspicion.SuspicionKind; NULL: replaced
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

renewal = sa.Table(
    "renewal",
    metadata,
    # A yearly renewal (续聘): those who were neither heard nor reached are asked whether they stay.
    sa.Column("id", Key, primary_key=True),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("silent_since", Instant, nullable=False),
    sa.Column("answer_by", sa.Text, nullable=False),  # ISO date in the office's time
    sa.Column("notice_id", Key),  # the notice that asks them
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", sa.Text),
)

renewal_member = sa.Table(
    "renewal_member",
    metadata,
    sa.Column("renewal_id", Key, sa.ForeignKey("renewal.id"), primary_key=True, autoincrement=False),
    sa.Column("person_id", Key, sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
    sa.Column("called_at", Instant),  # asked otherwise than by the notice
    sa.Column("answer", sa.Text),  # stays | leaves
    sa.Column("proof", sa.Text, nullable=False, default=""),
    sa.Column("answered_at", Instant),
    sa.Column("noted_by", sa.Text),  # who called, or took the answer down
    sa.Column("outcome", sa.Text),  # roster.membership.Outcome, frozen when the run is closed
)
