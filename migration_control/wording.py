"""How numbers and errors are put into sentences."""

from __future__ import annotations


def counted(number: int, word: str, words: str = "") -> str:
    """As `1 file` or `2,000 files`. words: of several, where that is not the word and an s."""
    return f"{number:,} {word if number == 1 else words or f'{word}s'}"


def first_line(error: Exception) -> str:
    """The first line of a database's message, which is the fact; what follows is where in the statement, and hints."""
    return str(error).strip().partition("\n")[0]
