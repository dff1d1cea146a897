"""Were the promises kept? What the carriers saw and the citizens sent, against what the store says in the end.

The counts are those of Jepsen's total-queue checker: lost, duplicated, unexpected, recovered.
"""

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from carriers.events import ReceiptState
from carriers.receipts import FINAL as FINAL_RECEIPTS
from gateway import fsck
from gateway.outbox import FINAL, PartState
from gateway.tables import attempt, message, part, text
from roster import store as roster_store
from tests.simulation.county import LATER, County

LONGEST_STOP = 30.0


@dataclass
class Verdict:
    """`broken` is empty when every promise was kept."""

    broken: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def judge(county: County) -> Verdict:
    """Everything that can be said about a finished run."""
    verdict = Verdict([f"unexpected {failure}" for failure in county.story.failures])
    with county.database.read() as tx:
        _liveness(county, verdict)
        _parts(county, tx, verdict)
        _submits(county, tx, verdict)
        _texts(county, tx, verdict)
        later = round((county.now() + LATER).timestamp() * 1000)
        for offence in fsck.check(tx, county.template.seal_key, later):
            verdict.broken.append(f"fsck {offence.invariant} {offence.row} {offence.detail}")
    return verdict


def _liveness(county: County, verdict: Verdict) -> None:
    """I7, I8: when all is healed, what is under way comes to its end, and a stop does too."""
    if not county.story.settled:
        verdict.broken.append("I8 not settled within the time allowed")
    if county.story.stopped_after > LONGEST_STOP:
        verdict.broken.append(f"I8 the stop took {county.story.stopped_after:.0f} s")
    for carrier in county.carriers.values():
        if carrier._deliveries:
            verdict.broken.append(
                f"I8 {len(carrier._deliveries)} deliveries never acknowledged to {carrier.behaviour.name}"
            )


def _parts(county: County, tx: sa.Connection, verdict: Verdict) -> None:
    """I1, I4, I7: every part ends once, and truly."""
    taken: dict[int, set[str]] = {}
    named = sa.select(attempt.c.part_id, attempt.c.outcome).where(attempt.c.carrier_id.isnot(None))
    answered = {
        row.part_id: row.outcome for row in tx.execute(named)
    }  # in SGIP a submit's id is known before it is taken
    doubtful = set(tx.scalars(sa.select(attempt.c.part_id).where(attempt.c.outcome == "uncertain")))
    silent = {seen.part_id for seen in county.story.seen if seen.status == 0 and not seen.reported}
    ported = {seen.part_id for seen in county.story.seen if seen.ported}
    for seen in county.story.seen:
        if seen.status == 0 and seen.fate is not None:
            taken.setdefault(seen.part_id, set()).add(FINAL_RECEIPTS[ReceiptState(seen.fate)])
    for row in tx.execute(sa.select(part.c.id, part.c.state, part.c.reason)):
        fates = taken.get(row.id, set())
        if row.state not in FINAL:
            verdict.broken.append(f"I1 part {row.id} ends {row.state}")
        if row.state in (PartState.DELIVERED, PartState.UNDELIVERED) and row.state not in fates:
            verdict.broken.append(f"I4 part {row.id} is {row.state}, in truth {fates or 'never taken'}")
        if row.state == PartState.FAILED and fates and row.id not in ported:
            verdict.broken.append(f"I4 part {row.id} is failed, in truth {fates}")
        if row.state == PartState.EXPIRED and row.reason == "no receipt" and not fates:
            verdict.broken.append(f"I4 part {row.id} waited for a receipt, in truth never taken")
        told = fates or answered.get(row.id) == "accepted"
        if told and row.id in answered.keys() - silent - ported and row.state not in fates:
            verdict.broken.append(f"I7 part {row.id} is {row.state} ({row.reason}), its receipt said {fates}")
        if fates and row.state in (PartState.CANCELLED, PartState.QUEUED) and row.id not in ported:
            verdict.broken.append(f"I4 part {row.id} is {row.state}, in truth {fates}")
        verdict.counts[f"part {row.state}"] += 1
        verdict.counts["recovered"] += row.state == PartState.DELIVERED and row.id in doubtful


def _submits(county: County, tx: sa.Connection, verdict: Verdict) -> None:
    """I2, I2': a part is taken once, and never without its intent on record."""
    known = set(tx.scalars(sa.select(part.c.id)))
    times = Counter(seen.part_id for seen in county.story.seen if seen.status == 0 and not seen.ported)
    for part_id, count in times.items():
        if count > 1 + county.story.consents[part_id]:
            verdict.broken.append(f"I2 part {part_id} was taken {count} times")
            verdict.counts["duplicated"] += 1
    for seen in county.story.seen:
        if seen.part_id not in known:
            verdict.broken.append(f"I2' {seen.token} was submitted to {seen.carrier} without its intent on record")
            verdict.counts["unexpected"] += 1
    for part_id, count in Counter((s.part_id, s.carrier) for s in county.story.seen if s.ported).items():
        if count > 1 + county.story.consents[part_id[0]]:
            verdict.broken.append(
                f"I2 part {part_id[0]} was taken {count} times by {part_id[1]}, which does not serve it"
            )
    verdict.counts["submits"] += len(county.story.seen)


def _texts(county: County, tx: sa.Connection, verdict: Verdict) -> None:
    """I3, I5, I6: every text is there once, with its sender's words; the gaps of incomplete ones are marked."""
    numbers = roster_store.phones(tx, county.vault, set(tx.scalars(sa.select(text.c.person_id))))
    stored: Counter[tuple[str, str]] = Counter()
    from_whom: Counter[int] = Counter()
    for row in tx.execute(sa.select(text.c.person_id, text.c.body, text.c.complete)):
        stored[numbers[row.person_id].removeprefix("+86"), row.body if row.complete else ""] += 1
        from_whom[row.person_id] += 1
    sent = Counter((one.number, one.words if one.complete else "") for one in county.story.texts)
    for key, count in (sent - stored).items():
        verdict.broken.append(f"I3 a text from {key[0]} is lost: {key[1][:12]!r} ({count})")
        verdict.counts["lost"] += count
    for key, count in (stored - sent).items():
        verdict.broken.append(f"I5 a text from {key[0]} is there too often: {key[1][:12]!r} ({count})")
        verdict.counts["duplicated"] += count
    answers = sa.select(message.c.person_id, sa.func.count()).where(message.c.purpose == "automatic")
    for person_id, count in tx.execute(answers.group_by(message.c.person_id)):
        if count > from_whom[person_id]:
            verdict.broken.append(f"I5 person {person_id} got {count} answers to {from_whom[person_id]} texts")
    verdict.counts["texts"] += len(county.story.texts)
