"""The outbox under any order of events: hypothesis plays carrier, operator, citizen and power switch."""

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from carriers.events import DeliveryReceipt, ReceiptState, SubmitAnswered, Verdict
from carriers.smpp import describe
from gateway import audit, fsck, lease, outbox, receipts, settling
from gateway.outbox import DIRECT, FINAL, PartState
from gateway.settling import Answer
from gateway.tables import part
from roster import store as roster_store
from roster.networks import Belonging
from roster.vault import Keys, Vault
from tests.conftest import NOON, NOON_MS, in_memory

HOUR = 3_600_000
SEAL = b"s" * 32
STATUS = {Verdict.ACCEPTED: 0, Verdict.THROTTLED: 0x58, Verdict.TEMPORARY: 0x08, Verdict.PERMANENT: 0x0B}


class Outbox(RuleBasedStateMachine):
    """`taken` is the carrier's own record: which submits it took, by part."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = in_memory()
        vault = Vault(Keys(b"m" * 32, b"i" * 32, b"s" * 32))
        self.now = NOON_MS
        self.session, self.sequence = 1 << 24, 0
        self.open: list[tuple[int, int, int]] = []  # submits without an answer: (session, sequence, part)
        self.answers: list[tuple[tuple[int, int, int], Verdict]] = []  # the carrier's, on their way
        self.receipts: list[tuple[int, str, ReceiptState]] = []  # (part, message id, what happened)
        self.taken: dict[int, list[str]] = {}
        self.fates: dict[int, set[str]] = {}
        self.consents: dict[int, int] = {}
        with self.engine.begin() as tx:
            lease.take(tx, "tests:1", self.now, HOUR)
            belonging = Belonging("mobile", "prefix", "138")
            self.people = [
                roster_store.find_or_add_person(tx, vault, f"+8613800000{row:03d}", belonging, NOON).id
                for row in range(3)
            ]

    def teardown(self) -> None:
        self.engine.dispose()

    # --------------------------------------------------------------------------------------------------- operators

    @rule(person=st.integers(0, 2), long=st.booleans())
    def a_text_is_put_in(self, person: int, long: bool) -> None:
        with self.engine.begin() as tx:
            outbox.put(
                tx,
                person_id=self.people[person],
                body="请回电。" * (30 if long else 1),
                purpose="single",
                created_by="a",
                now_ms=self.now,
                validity_ms=24 * HOUR,
            )

    @rule()
    def somebody_wants_doubtful_texts_again(self) -> None:
        with self.engine.begin() as tx:
            for doubt in outbox.doubts(tx, False)[:1]:
                rows = tx.execute(
                    sa.select(part.c.id).where(
                        part.c.message_id == doubt.message_id,
                        part.c.state.in_(("uncertain", "unknown", "expired", "failed")),
                    )
                )
                for (part_id,) in rows:
                    self.consents[part_id] = self.consents.get(part_id, 0) + 1
                outbox.retry(tx, doubt.message_id, self.now, 24 * HOUR)
                audit.record(tx, SEAL, "me", "message.retry", f"message {doubt.message_id}", {}, NOON)

    # ------------------------------------------------------------------------------------------------------- the line

    @rule(count=st.integers(1, 4))
    def some_go_out(self, count: int) -> None:
        with self.engine.begin() as tx:
            claimed = outbox.claim(tx, "mobile", DIRECT, count, self.session, self.sequence + 1, self.now)
        self.sequence += count
        self.open += [(self.session, one.sequence, one.part_id) for one in claimed]

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9), verdict=st.sampled_from(list(STATUS)), state=st.sampled_from(["DELIVRD", "UNDELIV"]))
    def the_carrier_takes_or_refuses_one(self, which: int, verdict: Verdict, state: str) -> None:
        submit = self.open.pop(which % len(self.open))
        self.answers.append((submit, verdict))
        if verdict is Verdict.ACCEPTED:
            part_id = submit[2]
            self.taken.setdefault(part_id, []).append(_id_of(submit))
            self.receipts.append((part_id, _id_of(submit), ReceiptState(state)))
            self.fates.setdefault(part_id, set()).add("delivered" if state == "DELIVRD" else "undelivered")

    @precondition(lambda self: self.answers)
    @rule(which=st.integers(0, 9))
    def an_answer_arrives(self, which: int) -> None:
        (session, sequence, part_id), verdict = self.answers.pop(which % len(self.answers))
        message_id = _id_of((session, sequence, part_id)) if verdict is Verdict.ACCEPTED else ""
        answered = SubmitAnswered(sequence, part_id, verdict, STATUS[verdict], message_id, describe(STATUS[verdict]))
        with self.engine.begin() as tx:
            keys = settling.settle_answers(tx, "mobile", [Answer(session, answered)], self.now)
            receipts.match_early(tx, "mobile", keys, self.now)

    @precondition(lambda self: self.receipts)
    @rule(which=st.integers(0, 9), again=st.booleans())
    def a_receipt_arrives(self, which: int, again: bool) -> None:
        at = which % len(self.receipts)
        part_id, message_id, state = self.receipts[at]
        if not again:
            del self.receipts[at]
        with self.engine.begin() as tx:
            person_id = tx.scalar(sa.select(part.c.person_id).where(part.c.id == part_id))
            receipt = DeliveryReceipt(1, message_id, state, "", "written", b"raw")
            receipts.settle(tx, "mobile", [receipt], self.now, lambda _: person_id, lambda raw: raw)

    @rule()
    def the_line_is_lost(self) -> None:
        self._in_doubt("no answer")

    @rule()
    def the_gateway_is_killed_and_starts_again(self) -> None:
        self.answers.clear()
        with self.engine.begin() as tx:
            settling.reconcile(tx, self.now)
            receipts.match_uncertain(tx, "mobile", self.now)
        self._next_session()
        self._lost_submits_may_have_been_taken()

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        with self.engine.begin() as tx:
            outbox.expire_waiting(tx, self.now)
            outbox.expire_silent(tx, self.now)

    def _in_doubt(self, why: str) -> None:
        lost = self.open + [submit for submit, _ in self.answers]
        self.answers.clear()
        with self.engine.begin() as tx:
            settling.settle_uncertain(tx, lost, why, self.now)
            receipts.match_uncertain(tx, "mobile", self.now)
        self._next_session()
        self._lost_submits_may_have_been_taken()

    def _lost_submits_may_have_been_taken(self) -> None:
        for submit in self.open[::2]:
            self.taken.setdefault(submit[2], []).append(_id_of(submit))
        self.open.clear()

    def _next_session(self) -> None:
        self.session += 1
        self.sequence = 0

    # ------------------------------------------------------------------------------------------------------- promises

    @invariant()
    def no_part_is_taken_more_often_than_somebody_chose(self) -> None:
        for part_id, ids in self.taken.items():
            assert len(ids) <= 1 + self.consents.get(part_id, 0)

    @invariant()
    def what_a_part_says_is_true(self) -> None:
        with self.engine.begin() as tx:
            for part_id, state in tx.execute(sa.select(part.c.id, part.c.state)):
                if state in (PartState.DELIVERED, PartState.UNDELIVERED):
                    assert state in self.fates.get(part_id, set())
                assert state in FINAL or state in ("queued", "sending", "accepted", "uncertain")

    @invariant()
    def the_store_is_whole(self) -> None:
        with self.engine.begin() as tx:
            assert list(fsck.check(tx, SEAL, self.now)) == []


def _id_of(submit: tuple[int, int, int]) -> str:
    return f"{submit[0]:x}{submit[1]:04x}"


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
