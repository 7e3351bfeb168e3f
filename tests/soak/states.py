"""What a record says about its own past, in one text field: who made it, how often it changed, who did so last.

`<token of its creation>|<number of changes>|<token>,<token>,...`, the latest last. Nothing overwrites anything here:
each change counts on from what it finds, so that a lost, a repeated and a revived one show.
"""

from __future__ import annotations

from typing import NamedTuple

TAIL = 5  # tokens that are kept


class State(NamedTuple):
    """born: the token of the creation; changes: how many, the creation included; tail: tokens of the last ones."""

    born: str
    changes: int
    tail: tuple[str, ...]


def created(token: str) -> str:
    return f"{token}|1|{token}"


def changed(text: str, token: str) -> str:
    born, number, tail = parse(text)
    return f"{born}|{number + 1}|{','.join((*tail, token)[-TAIL:])}"


def parse(text: str) -> State:
    born, number, tail = text.split("|")
    return State(born, int(number), tuple(tail.split(",")))
