"""Texts that no database column, no SQLite and no terminal takes as they stand in a file."""

from __future__ import annotations


def holdable(text: str) -> tuple[str, list[str]]:
    """The text as PostgreSQL can hold it, and what was done to it. Both stores compare unique values in this form."""
    done = []
    if "\0" in text:
        done.append(f"{text.count(chr(0))} NUL characters were removed")
        text = text.replace("\0", "")
    if not text.isascii() and not _encodes(text):
        # Two halves that met when what stood between them went are a character again.
        mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if mended != text:
            done.append("half a surrogate pair was replaced by U+FFFD")
            text = mended
    return text, done


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str) -> str:
    """The text with control characters and halves of surrogate pairs escaped, line ends and tabs among them."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
