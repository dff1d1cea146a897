"""Papers of the office: put together once as values, written as Word, Excel, JSON, or shown on the screen."""

from gateway.papers.paper import Block, Cell, Counted, Paper, Row, Share, Table, Text

__all__ = ["Block", "Cell", "Counted", "Paper", "Row", "Share", "Table", "Text"]
