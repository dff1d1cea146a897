"""Which earlier cases are like a text: those that may be the same matter, and those that were decided already.

Cases are filed under their tokens (`routing/likeness.py`) a little after they are opened: by a sweep of the daemon and
by whoever asks. A question takes the rarest tokens of the text, as many as can be looked through in some milliseconds,
and compares the cases that have most of them word by word: what it costs hardly depends on how large the archive is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from roster.rowset import Statement
from roster.tables import Instant, milliseconds
from routing.cases import OVER, CaseState
from routing.experience import Decided
from routing.likeness import WHOLE, Likeness, Reader, Said, Weigh, compare, cosine, weights

CLOSED_LATELY = timedelta(days=90)
SHOWN = 3  # possible duplicates
AT_ONCE = 500  # cases that are filed in one transaction: about 100 ms
LOOKED_THROUGH = 10_000  # entries of the file that a question reads at most
RAREST = 3  # tokens that are looked up however frequent they are
CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An earlier case that may be the same matter."""

    number: str
    state: CaseState
    likeness: Likeness
    place: str
    text: str
    created_at: datetime


def catch_up(tx: sa.Connection, reader: Reader, most: int = AT_ONCE) -> int:
    """File the next cases. Returns how many; fewer than `most` when none is left."""
    [(filed,)] = _FILED.all(tx)
    rows = _NEXT.all(tx, after=filed, most=most)
    entries: list[tuple[int, int]] = []
    counts: dict[int, int] = {}
    for case_id, text in rows:
        said = reader.read(text)
        entries += ((token, case_id) for token in {*said.filed, WHOLE})
        for token in said.counted:
            counts[token] = counts.get(token, 0) + 1
    if rows:
        _FILE.run(tx, sorted(entries))
        _COUNT.run(tx, sorted(counts.items()))
    return len(rows)


def behind(tx: sa.Connection) -> bool:
    """True when cases wait to be filed."""
    [(filed,)] = _FILED.all(tx)
    return bool(_NEXT.all(tx, after=filed, most=1))


_FILED = Statement(f"SELECT coalesce(max(case_id), 0) FROM case_token WHERE token = {WHOLE}")  # noqa: S608 - ours
_NEXT = Statement("SELECT id, text FROM case_ticket WHERE id > :after ORDER BY id LIMIT :most")
_FILE = Statement(
    "INSERT INTO case_token (token, case_id) SELECT token, case_id FROM {rows} AS r",
    token="BIGINT",  # noqa: S106 - a column
    case_id="BIGINT",
)
_COUNT = Statement(
    "INSERT INTO token_count (token, cases) SELECT token, cases FROM {rows} AS r WHERE true "
    "ON CONFLICT (token) DO UPDATE SET cases = token_count.cases + excluded.cases",
    token="BIGINT",  # noqa: S106 - a column
    cases="BIGINT",
)


# -------------------------------------------------------------------------------------------------------------- asking


def duplicates(tx: sa.Connection, reader: Reader, said: Said, before: int, now: datetime) -> tuple[Duplicate, ...]:
    """Up to three cases older than the case `before` that are open, or closed lately, and may be the same matter."""
    since = milliseconds(now - CLOSED_LATELY)
    found = _best(tx, _LIVE, said.filed, before=before, since=since)
    weigh, read = _read(tx, reader, said, found)
    compared = [(compare(said, other, weigh), row) for other, row in read]
    same = sorted((one for one in compared if one[0].same), key=lambda one: (-one[0].value, -one[1].id))
    return tuple(
        Duplicate(
            row.number,
            CaseState(row.state),
            likeness,
            row.place or reader.gazetteer.find(row.text).written(),
            row.text,
            row.created_at,
        )
        for likeness, row in same[:SHOWN]
    )


def decided(tx: sa.Connection, reader: Reader, said: Said, besides: int) -> tuple[Decided, ...]:
    """The cases like a text that somebody decided about, the likeliest first."""
    found = _best(tx, _ANY, said.pairs, besides=besides)
    weigh, read = _read(tx, reader, said, found)
    return tuple(
        Decided(row.number, cosine(said.words, other.words, weigh), row.kind, row.topic or "", row.lead or "")
        for other, row in read
        if row.kind
    )


def _best(tx: sa.Connection, question: Statement, tokens: frozenset[int], **given: int) -> list[int]:
    """The cases that have most of the rarest of these tokens."""
    counts = dict(_COUNTS.all(tx, sorted({*tokens, WHOLE})))
    weigh = weights(counts)
    chosen: list[tuple[int, int]] = []
    entries = 0
    for token in sorted((token for token in tokens if token in counts), key=lambda token: counts[token]):
        entries += counts[token]
        if entries > LOOKED_THROUGH and len(chosen) >= RAREST:
            break
        chosen.append((token, round(1000 * weigh(token) ** 2)))
    return [row[0] for row in question.all(tx, chosen, most=CANDIDATES, **given)] if chosen else []


def _read(tx: sa.Connection, reader: Reader, said: Said, ids: Sequence[int]) -> tuple[Weigh, list[tuple[Said, Any]]]:
    """These cases with their tokens, and what each token is worth."""
    rows = tx.execute(_CASES, {"ids": list(ids)}).all() if ids else []
    read = [(reader.read(row.text), row) for row in rows]
    known = {WHOLE, *said.words}.union(*(other.words for other, _ in read))
    return weights(dict(_COUNTS.all(tx, sorted(known)))), read


_COUNTS = Statement(
    "SELECT c.token, c.cases FROM {rows} AS r JOIN token_count AS c ON c.token = r.token",
    token="BIGINT",  # noqa: S106 - a column
)
_HAVING = (
    "SELECT t.case_id FROM {rows} AS r CROSS JOIN case_token AS t WHERE t.token = r.token AND %s "
    "GROUP BY t.case_id ORDER BY sum(r.weight) DESC, t.case_id DESC LIMIT :most"
)
_OPEN = ", ".join(f"'{state}'" for state in CaseState if state not in OVER)
_LIVE = Statement(
    _HAVING % f"t.case_id < :before AND t.case_id IN (SELECT id FROM case_ticket WHERE state IN ({_OPEN}) "  # noqa: S608
    f"UNION ALL SELECT id FROM case_ticket WHERE state = '{CaseState.CLOSED}' AND closed_at > :since)",
    token="BIGINT",  # noqa: S106 - a column
    weight="BIGINT",
)
_ANY = Statement(_HAVING % "t.case_id <> :besides", token="BIGINT", weight="BIGINT")  # noqa: S106 - a column
_ticket = sa.table(
    "case_ticket",
    *map(sa.column, ("id", "number", "text", "state", "kind", "topic", "place", "lead")),
    sa.column("created_at", Instant()),
)
_CASES = sa.select(_ticket).where(_ticket.c.id.in_(sa.bindparam("ids", expanding=True)))
