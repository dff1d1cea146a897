"""A case's words without who wrote them: the names that the office knows, and what the words themselves give away."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from gateway import channel_desk
from roster import masking
from roster import store as roster_store
from roster.vault import Vault
from routing import store
from routing.cases import Case


@dataclass(frozen=True, slots=True)
class Hider:
    """Hides people in words about a case, as long as its transaction is open.

    `wrote` are the names of those who wrote, hidden wherever they stand; so are those of the `forgotten` who wrote:
    their names cannot be opened any more, and are known again by their index. Those of others on the roster are
    hidden where no official is called so.
    """

    tx: sa.Connection
    vault: Vault
    wrote: Collection[str] = ()
    forgotten: Collection[int] = ()

    def words(self, said: str) -> str:
        """What was written about a case."""
        return _one_line(masking.unnamed(said, self._writers(said), self._known(said)))

    def public(self, said: str) -> str:
        """What was written about a case as everybody may read it: without officials, too."""
        return _one_line(masking.public(said, self._writers(said), self._known(said)))

    def reply(self, said: str) -> str:
        """What an official wrote to the citizen: the number and the people of a unit stay in it."""
        return masking.without(said, self._writers(said))

    def _known(self, said: str) -> Collection[str]:
        return roster_store.named_so(self.tx, self.vault, set(masking.candidates(said)))

    def _writers(self, said: str) -> Collection[str]:
        if not self.forgotten:
            return self.wrote
        candidates = set(masking.candidates(said))
        return {*self.wrote, *roster_store.named_so(self.tx, self.vault, candidates, self.forgotten)}

    def value(self, value: Any) -> Any:
        """Every word in a value, however deep."""
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, (list, tuple)) else value

    def case(self, case: Case) -> Case:
        """The case as somebody reads it who must not learn who wrote."""

        def hidden(said: str | None) -> str | None:
            return self.words(said) if said else said

        return replace(
            case,
            text=self.words(case.text),
            place=hidden(case.place),
            instruction=hidden(case.instruction),
            supervision=hidden(case.supervision),
            full_watch=hidden(case.full_watch),
            reply=self.reply(case.reply) if case.reply else case.reply,
        )


def hider(tx: sa.Connection, vault: Vault, case: Case) -> Hider:
    """Of a case: who wrote it, who wrote what was merged into it, who brought it another way."""
    several = (case, *store.merged_into(tx, case.id))
    people = [one.person_id for one in several if one.person_id is not None]
    brought = [came.name for one in several if (came := channel_desk.origin(tx, vault, one.id)) and came.name]
    known = roster_store.names(tx, vault, people)
    forgotten = [one for one in people if one not in known and roster_store.sealing_key(tx, one) is None]
    return Hider(tx, vault, (*known.values(), *brought), forgotten)


def _one_line(words: str) -> str:
    return words.replace("\r", "\\r").replace("\n", "\\n")
