"""The office's ready answers (知识库) at work: which one is meant, and what was asked and answered most."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from gateway import resources
from gateway.errors import NotFound
from gateway.settings import Loaded
from routing import numbers, store
from routing.answers import Answer, Answers
from routing.tables import case_ticket
from routing.texts import MOST_PARTS, Texts, parts

OWN_WORDS, NO_TOPIC = "(自拟答复)", "(未定主题)"
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
INQUIRY = "咨询"


@dataclass(frozen=True, slots=True)
class Asked:
    """A topic that was asked about in a period: how often, and how often it was answered at the desk."""

    topic: str
    asked: int
    at_once: int
    answers: Mapping[str, int]  # ready answers that were given, by title


def numbered(answers: Answers, no: int) -> Answer:
    """The answer of this number. Raises `NotFound`."""
    found = answers.by_number(no)
    if found is None:
        raise NotFound(f"知识库没有第 {no} 条", "xinqiao answers list 列出全部")
    return found


def ready(settings: Loaded, no: int) -> Answer:
    """The same, from the working folder."""
    return numbered(resources.answers(settings), no)


def too_long(settings: Loaded) -> list[int]:
    """Numbers of the answers that no reply can carry."""
    texts = Texts(resources.messages(settings), settings.values.signature)
    longest = numbers.write(settings.values.case_prefix, 26, 99_999)
    replies = {one.no: texts.fill("T6", no=longest, text=one.reply) for one in resources.answers(settings).all}
    return [no for no, reply in replies.items() if parts(reply) > MOST_PARTS["T6"]]


def asked(tx: sa.Connection, answers: Answers, since: datetime, until: datetime) -> tuple[Asked, ...]:
    """What inquiries that came in a period were about, the most frequent topics first.

    An inquiry answered at the desk is of its ready answer's topic; one that was accepted is of the topic it was given.
    """
    columns = (case_ticket.c.id, case_ticket.c.topic, case_ticket.c.reply, case_ticket.c.assigned_at)
    of_period = (case_ticket.c.created_at >= since, case_ticket.c.created_at < until)
    rows = tx.execute(sa.select(*columns).where(case_ticket.c.kind == INQUIRY, *of_period)).all()
    used = {case_id: entry.data["kb"] for case_id, entry in store.recorded(tx, "kb", since, FOR_EVER)}
    counts: Counter[str] = Counter()
    given: dict[str, Counter[str]] = {}
    for row in rows:
        answer = answers.by_number(used.get(row.id, 0))
        topic = answer.topic if answer else row.topic or NO_TOPIC
        counts[topic] += 1
        if row.reply and row.assigned_at is None:
            given.setdefault(topic, Counter())[answer.title if answer else OWN_WORDS] += 1
    used_by = {topic: dict(several.most_common()) for topic, several in given.items()}
    found = [
        Asked(topic, n, sum(used_by.get(topic, {}).values()), used_by.get(topic, {})) for topic, n in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.asked, one.topic)))
