"""How a move ends that does not succeed."""

from __future__ import annotations


class MoveError(Exception):
    """Base of these. The component stands where it stood, or where the message says."""


class MoveRefused(MoveError):
    """It was not begun: something does not hold, and the message says how to mend it."""


class MoveAborted(MoveError):
    """It was begun and taken back. Worth another try."""
