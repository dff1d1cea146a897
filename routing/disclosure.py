"""Which figures of a breakdown may be shown: no small cell, and none from which a small cell can be computed back.

A table is a flow: every row sends its people to the columns, and what arrives there is the published total. A hidden
cell can be computed back exactly when no other flow with the same rows, totals and shown cells gives it another value:
when it lies on no cycle along which people could be exchanged. So hiding goes on until every hidden cell lies on one.
What the totals alone give away (a column of noughts) cannot be hidden and is shown.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TypeAlias

Node: TypeAlias = Hashable
Edge: TypeAlias = tuple[Node, Node]
"""A cell: from its row to its column; or from a column of a part to that column of the whole."""
Rank: TypeAlias = tuple[int, ...]


def hidden(flows: Mapping[Edge, int], small: Collection[Edge], rank: Callable[[Edge], Rank]) -> frozenset[Edge]:
    """The cells not to show: the small ones, and as many more as keep these from being computed.

    Of the cells that could be hidden as well, the one with the lowest `rank` is taken first.
    """
    open_ = _computable(flows, frozenset(flows))
    chosen = set(small) - open_
    while known := _computable(flows, chosen) & chosen:
        more = [_partner(flows, edge, chosen | open_, rank) for edge in known]
        chosen |= {edge for edge in more if edge is not None} or set(flows) - open_
    return frozenset(chosen)


def _partner(
    flows: Mapping[Edge, int], edge: Edge, taken: Collection[Edge], rank: Callable[[Edge], Rank]
) -> Edge | None:
    """A cell of the same row, or else of the same column, or else of the whole: it may hide this one."""
    start, end = edge
    free = [one for one in flows if one not in taken]
    beside = (
        [one for one in free if one[0] == start]
        or [one for one in free if one[1] == end]
        or [one for one in free if one[0] == end or one[1] == start]
    )
    return min(beside, key=rank, default=None)


def _computable(flows: Mapping[Edge, int], unknown: Collection[Edge]) -> set[Edge]:
    """The unknown cells that have one possible value only."""
    ways: dict[Node, set[Node]] = {}
    for start, end in unknown:
        ways.setdefault(start, set()).add(end)  # one more person may go here
        ways.setdefault(end, set())
        if flows[start, end]:
            ways[end].add(start)  # one person may go elsewhere
    return {edge for edge in unknown if not _can_change(ways, edge, flows[edge])}


def _can_change(ways: Mapping[Node, set[Node]], edge: Edge, value: int) -> bool:
    """True when people could be exchanged along a cycle through this cell, more of them here or fewer."""
    start, end = edge
    return _leads(ways, end, start) or (value > 0 and _leads(ways, start, end))


def _leads(ways: Mapping[Node, set[Node]], start: Node, end: Node) -> bool:
    """True when one gets from a node to another without the direct way between them."""
    seen, new = {start}, [one for one in ways[start] if one != end]
    while new:
        node = new.pop()
        if node in seen:
            continue
        if node == end:
            return True
        seen.add(node)
        new += ways[node]
    return False
