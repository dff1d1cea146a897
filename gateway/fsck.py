"""Is the store whole? The invariants of the design as queries; each returns the rows that break it.

A clean store gives no row at all. `check` changes nothing and may run beside the daemon.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from gateway import audit, polls, survey_account
from gateway.digest_desk import fingerprint
from gateway.notices import asked
from gateway.tables import audit as audit_rows
from routing import store as case_store
from routing.asks import AskKind
from routing.cases import KEPT
from routing.history import replay
from routing.tables import digest


@dataclass(frozen=True, slots=True)
class Invariant:
    """`query` selects (row, detail) of every offence; `:now` is in milliseconds since 1970 UTC."""

    name: str
    claim: str  # what holds, in the operator's language
    query: str


@dataclass(frozen=True, slots=True)
class Offence:
    """One row that breaks an invariant."""

    invariant: str
    claim: str
    row: str
    detail: str


INVARIANTS = (
    Invariant(
        "I1",
        "每条短信分段都处于已知状态",
        "SELECT 'part ' || id, state FROM part WHERE state NOT IN ('queued', 'sending', 'accepted', 'uncertain', "
        "'delivered', 'undelivered', 'failed', 'expired', 'cancelled', 'unknown')",
    ),
    Invariant(
        "I2",
        "每个分段只提交一次,除非运营商拒绝或有人同意重发",
        "SELECT 'part ' || part.id, count(*) || ' submits' FROM part JOIN attempt ON attempt.part_id = part.id "
        "WHERE attempt.outcome IS NULL OR attempt.outcome IN ('accepted', 'uncertain') "
        "GROUP BY part.id, part.consents HAVING count(*) > 1 + part.consents",
    ),
    Invariant(
        "I2a",
        "发送中、已受理的分段都有提交记录",
        "SELECT 'part ' || id, state FROM part WHERE state IN ('sending', 'accepted', 'uncertain', 'delivered', "
        "'undelivered') AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.part_id = part.id)",
    ),
    Invariant(
        "I3",
        "每条来信的原始字节都在",
        "SELECT 'text ' || id, 'no octets' FROM text "
        "WHERE NOT EXISTS (SELECT 1 FROM text_part WHERE text_part.text_id = text.id) "
        "UNION ALL SELECT 'text_part ' || id, 'no text' FROM text_part "
        "WHERE text_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM text WHERE text.id = text_part.text_id)",
    ),
    Invariant(
        "I4",
        "已送达的分段都有送达回执",
        "SELECT 'part ' || id, state FROM part WHERE state = 'delivered' AND id NOT IN ("
        "SELECT part_id FROM receipt WHERE state = 'DELIVRD' AND effect IN ('applied', 'late') "
        "AND part_id IS NOT NULL)",
    ),
    Invariant(
        "I4a",
        "失败的分段都有拒绝记录或原因",
        "SELECT 'part ' || id, state FROM part WHERE state = 'failed' AND reason IS NULL",
    ),
    Invariant(
        "I4b",
        "未送达的分段都有未送达回执",
        "SELECT 'part ' || id, state FROM part WHERE state = 'undelivered' AND id NOT IN ("
        "SELECT part_id FROM receipt WHERE state IN ('UNDELIV', 'REJECTD', 'DELETED') "
        "AND effect IN ('applied', 'late') AND part_id IS NOT NULL)",
    ),
    Invariant(
        "I5",
        "同一条来信只立一个件",
        "SELECT 'text ' || text_id, count(*) || ' cases' FROM case_event "
        "WHERE event = 'receive' AND text_id IS NOT NULL GROUP BY text_id HAVING count(*) > 1",
    ),
    Invariant(
        "I5a",
        "一条长短信的每一段只用一次",
        "SELECT 'text ' || text_id, 'part ' || number FROM text_part "
        "WHERE text_id IS NOT NULL AND number IS NOT NULL GROUP BY text_id, number HAVING count(*) > 1",
    ),
    Invariant(
        "I5b",
        "办件的状态与经过的最后一步一致",
        "SELECT 'case ' || case_ticket.number, case_ticket.state || ' / ' || case_event.to_state FROM case_ticket "
        "JOIN case_event ON case_event.id = (SELECT max(id) FROM case_event WHERE case_id = case_ticket.id) "
        "WHERE case_event.to_state <> case_ticket.state",
    ),
    Invariant(
        "I5c",
        "办结的件都已答复群众",
        "SELECT 'case ' || number, coalesce(reply_delivery, 'no reply') FROM case_ticket WHERE state = 'closed' "
        "AND (reply_delivery IS NULL OR reply_delivery NOT IN ('delivered', 'called', 'confirmed'))",
    ),
    Invariant(
        "I5d",
        "一个人同时只有一份评价邀请",
        "SELECT 'person ' || person_id, count(*) || ' surveys' FROM case_ticket WHERE survey = 'open' "
        "GROUP BY person_id HAVING count(*) > 1",
    ),
    Invariant(
        "I6",
        "一条长短信的各段来自同一个人、同一运营商",
        "SELECT 'text ' || text_part.text_id, 'part ' || text_part.id FROM text_part JOIN text "
        "ON text.id = text_part.text_id "
        "WHERE text_part.person_id <> text.person_id OR text_part.carrier <> text.carrier",
    ),
    Invariant(
        "I7",
        "能对上号的回执都已生效",
        "SELECT 'receipt ' || receipt.id, receipt.state FROM receipt JOIN attempt "
        "ON attempt.carrier = receipt.carrier AND attempt.carrier_id = receipt.carrier_id "
        "WHERE receipt.part_id IS NULL AND receipt.carrier_id <> '' AND attempt.answered_ms < :now - 5000 "
        "AND receipt.received_ms - attempt.intent_ms BETWEEN 0 AND 604800000",
    ),
    Invariant(
        "I7a",
        "已生效的回执都体现在分段的状态上",
        "SELECT 'part ' || id, state FROM part WHERE consents = 0 "
        "AND (state IN ('queued', 'sending', 'accepted', 'uncertain', 'failed', 'cancelled') OR reason = 'no receipt') "
        "AND id IN (SELECT part_id FROM receipt WHERE effect IN ('applied', 'late'))",
    ),
    Invariant(
        "I8",
        "网关运行时,过了有效期的短信不会一直待发",  # what else must go on shows in time only: tests/simulation
        "SELECT 'part ' || part.id, 'overdue' FROM part, lease "
        "WHERE part.state = 'queued' AND part.expires_ms < :now - 3600000 AND lease.expires_ms > :now",
    ),
    Invariant(
        "I9",
        "没有比当前租约更新的提交",
        "SELECT 'session ' || attempt.session, 'epoch ' || (attempt.session / 16777216) FROM attempt "
        "WHERE attempt.session / 16777216 > (SELECT coalesce(max(epoch), 0) FROM lease) GROUP BY attempt.session",
    ),
    Invariant(
        "I10",
        "取消之后没有再提交",
        "SELECT 'part ' || part.id, 'notice ' || notice.id FROM notice JOIN part ON part.lane = notice.id "
        "JOIN attempt ON attempt.part_id = part.id WHERE attempt.intent_ms > notice.cancelled_ms",
    ),
    Invariant(
        "I11",
        "退订之后没有再发通知",
        "SELECT 'part ' || part.id, 'person ' || person.id FROM person JOIN message ON message.person_id = person.id "
        "JOIN part ON part.message_id = message.id JOIN attempt ON attempt.part_id = part.id "
        "WHERE part.lane <> 0 AND attempt.intent_ms > person.opted_out_at",
    ),
    Invariant(
        "I11a",
        "通知由起草人之外的人批准后才发送",
        "SELECT 'notice ' || id, state FROM notice WHERE state IN ('approved', 'running', 'paused', 'done') "
        "AND (approver IS NULL OR approver = author)",
    ),
    Invariant(
        "I11b",
        "没有人下令发送的通知没有提交过",  # of a restored store nobody knows: its own attempts do not count
        "SELECT 'part ' || part.id, 'notice ' || notice.id FROM notice JOIN part ON part.lane = notice.id "
        "JOIN attempt ON attempt.part_id = part.id "
        "WHERE notice.state IN ('draft', 'approved') AND attempt.session % 16777216 <> 0",
    ),
    Invariant(
        "I12",
        "每条消息的分段数与计划一致",
        "SELECT 'message ' || message.id, count(DISTINCT part.number) || '/' || message.parts FROM message "
        "LEFT JOIN part ON part.message_id = message.id GROUP BY message.id, message.parts "
        "HAVING count(part.id) <> message.parts OR count(DISTINCT part.number) <> message.parts",
    ),
    Invariant(
        "I13a",
        "通知的批准都有操作记录",
        "SELECT 'notice ' || notice.id, notice.approver FROM notice WHERE notice.approver IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM audit WHERE audit.verb = 'notice.approve' AND audit.subject = 'notice ' || notice.id)",
    ),
    Invariant(
        "I13b",
        "人工重发都有操作记录",  # a restore forgets which notices were approved to send again by themselves
        "SELECT 'part ' || part.id, part.consents || ' resends' FROM part LEFT JOIN notice ON notice.id = part.lane "
        "WHERE part.consents > 0 AND part.consents > CASE WHEN notice.resend_uncertain THEN 1 ELSE 0 END "
        "AND NOT EXISTS (SELECT 1 FROM audit "
        "WHERE (audit.verb = 'message.retry' AND audit.subject = 'message ' || part.message_id) "
        "OR audit.verb = 'store.restore')",
    ),
    Invariant(
        "Q1",
        "投票和确认只来自被询问的人",
        "SELECT 'answer ' || answer.id, 'person ' || answer.person_id FROM answer WHERE answer.apart IS NULL "
        "AND answer.undone_at IS NULL AND NOT EXISTS (SELECT 1 FROM message JOIN notice "
        "ON notice.id = message.notice_id WHERE message.person_id = answer.person_id "
        "AND notice.question_id = answer.question_id)",
    ),
    Invariant(
        "Q2",
        "截止之后收到的投票不计入",
        "SELECT 'answer ' || answer.id, 'question ' || question.notice_id FROM answer JOIN question "
        "ON question.notice_id = answer.question_id WHERE answer.apart IS NULL AND answer.undone_at IS NULL "
        "AND answer.kind = 'vote' AND (answer.received_ms >= question.closes_at "
        "OR answer.received_ms > question.closed_at)",
    ),
    Invariant(
        "Q3",
        "每条答复出自来信人自己的一条来信,一条来信只算一次",
        "SELECT 'text ' || answer.text_id, count(*) || ' answers' FROM answer JOIN text ON text.id = answer.text_id "
        "WHERE answer.undone_at IS NULL GROUP BY answer.text_id "
        "HAVING count(*) > 1 OR max(CASE WHEN text.person_id <> answer.person_id THEN 1 ELSE 0 END) = 1",
    ),
    Invariant(
        "Q4",
        "一个人同时只有一次征求意见",
        "SELECT 'person ' || message.person_id, count(DISTINCT question.notice_id) || ' polls' FROM question "
        "JOIN notice ON notice.question_id = question.notice_id JOIN message ON message.notice_id = notice.id "
        "WHERE question.kind = 'poll' AND question.closed_at IS NULL AND question.closes_at > :now "
        "AND EXISTS (SELECT 1 FROM part WHERE part.message_id = message.id AND part.state <> 'cancelled') "
        "GROUP BY message.person_id HAVING count(DISTINCT question.notice_id) > 1",
    ),
    Invariant(
        "roster",
        "名册与它的变动记录一致",
        "SELECT 'person ' || informant.person_id, informant.state FROM informant LEFT JOIN membership "
        "ON membership.id = (SELECT max(id) FROM membership WHERE membership.person_id = informant.person_id) "
        "WHERE membership.id IS NULL OR (informant.state = 'stopped') <> (membership.event = 'left') "
        "OR (informant.state = 'active' AND (membership.category <> informant.category "
        "OR membership.township <> informant.township))",
    ),
)


def check(tx: sa.Connection, audit_key: bytes, now_ms: int) -> Iterator[Offence]:
    """Every offence in the store, invariant by invariant."""
    for invariant in INVARIANTS:
        given = {"now": now_ms} if ":now" in invariant.query else {}
        for row, detail in tx.execute(sa.text(invariant.query), given):
            yield Offence(invariant.name, invariant.claim, str(row), str(detail))
    yield from _plans(tx)
    yield from _histories(tx)
    yield from _digests(tx)
    yield from _results(tx)
    broken = audit.verify(tx, audit_key)
    if broken is not None:
        yield Offence("I13", "操作记录未被改动", f"audit {broken}", "seal does not fit")
    if tx.dialect.name == "sqlite":
        for (words,) in tx.execute(sa.text("PRAGMA quick_check")):
            if words != "ok":
                yield Offence("store", "数据库文件完好", "sqlite", words)
        for table, rowid, parent, _ in tx.execute(sa.text("PRAGMA foreign_key_check")):
            yield Offence("store", "引用的记录都在", f"{table} {rowid}", f"refers to a missing {parent}")


def _histories(tx: sa.Connection) -> Iterator[Offence]:
    """Every case is what its history gives when it is played again, and its answers were asked to be rated.

    Nobody need be asked who has no phone or has opted out.
    """
    consents = survey_account.consents(tx)
    for case, entries in case_store.histories(tx):
        played = replay(case, entries)
        if played != case:
            wrong = [name for name in KEPT if getattr(played, name) != getattr(case, name)]
            yield Offence("I5e", "办件与其经过一致", f"case {case.number}", ", ".join(wrong))
        for one in survey_account.of_case(case, entries, consents):
            if one.why == survey_account.FORGOTTEN:
                yield Offence("survey", "答复过的都请了评价", f"case {one.number}", "answered and not asked to rate")


def _digests(tx: sa.Connection) -> Iterator[Offence]:
    """A signed digest is what was signed, by its fingerprint in the audit; and the audit is what the digest prints."""
    signed = {
        row.subject: row.detail.get("sha256")
        for row in tx.execute(sa.select(audit_rows).where(audit_rows.c.verb == "digest.sign"))
    }
    for row in tx.execute(sa.select(digest).where(digest.c.signed_at.isnot(None))):
        name = f"digest {row.year}-{row.number}"
        if signed.get(name) != fingerprint(row.content):
            yield Offence("digest", "已签发的摘报未被改动", name, "content differs from the signed one")
        head = row.content.get("audit_head")
        seal = head and tx.scalar(sa.select(audit_rows.c.seal).where(audit_rows.c.id == head["row"]))
        if head and (seal is None or not seal.hex().startswith(head["seal"])):
            yield Offence("digest", "操作记录与摘报印出的链值一致", name, f"audit {head['row']} is another one")


def _results(tx: sa.Connection) -> Iterator[Offence]:
    """The result that was kept of a closed poll is what the votes give: everybody's last one."""
    for one in asked.questions(tx, AskKind.POLL):
        if one.result is not None:
            kept, votes = polls.outcome(tx, one), polls.compute(tx, one)
            if (kept.voted, kept.counts) != (votes.voted, votes.counts):
                yield Offence(
                    "Q5", "定案的结果与投票一致", f"question {one.notice_id}", f"{kept.counts} / {votes.counts}"
                )


def _plans(tx: sa.Connection) -> Iterator[Offence]:
    """The states of a notice add up to the people and parts it was planned for."""
    rows = tx.execute(
        sa.text(
            "SELECT notice.id, notice.plan, count(DISTINCT part.message_id) AS people, count(part.id) AS parts "
            "FROM notice LEFT JOIN part ON part.lane = notice.id WHERE notice.plan IS NOT NULL "
            "GROUP BY notice.id"
        ).columns(plan=sa.JSON)
    )
    for row in rows:
        if (row.people, row.parts) != (row.plan["people"], row.plan["parts"]):
            detail = f"{row.people}/{row.plan['people']} people, {row.parts}/{row.plan['parts']} parts"
            yield Offence("I12", "通知的状态合计等于计划", f"notice {row.id}", detail)
