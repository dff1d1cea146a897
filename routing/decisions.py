"""What a text is decided from, and what is decided: the sender, their cases, the decision."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from routing.cases import CaseState

RECURS = timedelta(days=30)  # a closed matter that is not solved is taken up again so long


class DecisionKind(StrEnum):
    """What becomes of a text."""

    NEW_CASE = "new_case"
    FOLLOW_UP = "follow_up"
    RECURRENCE = "recurrence"  # a closed matter is not solved
    RATING = "rating"
    VOTE = "vote"
    UNCOUNTED_VOTE = "uncounted_vote"  # after the close, or from somebody who was not asked
    OPINION = "opinion"  # about a question of ours, without a choice
    CONFIRMATION = "confirmation"  # a meeting notice was read
    ASKED_BACK = "asked_back"  # a figure that may answer two questions: the sender is asked which
    COMMAND = "command"
    THANKS = "thanks"
    ACKNOWLEDGEMENT = "acknowledgement"
    UNKNOWN_SENDER = "unknown_sender"
    UNCLEAR = "unclear"  # an operator chooses
    EMPTY = "empty"
    NOTHING = "nothing"  # a monitor has nothing to report: gateway/monitors.py
    STAFF = "staff"  # an order of somebody of the office: gateway/staff_texts.py


@dataclass(frozen=True, slots=True)
class Sender:
    """Who texted. Being on the roster is identification, not proof: numbers can be forged."""

    person_id: int
    informant: bool
    active: bool
    opted_out: bool


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A case of the sender."""

    case_id: int
    number: str
    slot: str  # the extension digits under which we text about it
    state: CaseState
    open: bool  # a merged case is open as long as its master is
    awaiting_rating: bool
    surveyed: bool  # its survey is the one that is open for this person
    last_at: datetime
    closed_at: datetime | None
    words: str  # what the case is about

    def recurs(self, now: datetime) -> bool:
        """True while a closed matter can be taken up again."""
        return self.state is CaseState.CLOSED and (self.closed_at is None or now - self.closed_at <= RECURS)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a text means. `reason` tells the operator why, in Chinese."""

    kind: DecisionKind
    reason: str
    confidence: float
    case_id: int | None = None
    value: str = ""  # the command, the rating, the option
    notice_id: int | None = None  # of the notice whose question it answers
    said: str = ""  # the reason of a vote, an opinion, a remark; how to answer clearly
