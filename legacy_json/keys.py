"""What may be a record's key, and what has to be repaired to make it one."""

from __future__ import annotations

import re
from collections.abc import Sequence

Key = int | str
KeyType = type[int] | type[str]
SMALLEST, LARGEST = -(2**63), 2**63 - 1
LONGEST = 2000  # bytes of a text; PostgreSQL's index takes some 2,700 with what else stands in a row of it
EXACT = 2**53  # beyond it a float stands for several whole numbers

_integer = re.compile(r"-?[0-9]{1,19}").fullmatch


class BadKey(ValueError):
    """This cannot be a key; the message says why."""


def as_key(found: object, kind: KeyType, *, text_is_normal: bool) -> tuple[Key, str | None]:
    """The key for what was found, and what had to be repaired, if anything.

    text_is_normal: keys are names of an object or of files here, so a number as text is no defect.
    """
    if found is None:
        raise BadKey("it has no key")
    if isinstance(found, bool) or not isinstance(found, int | str | float):
        raise BadKey(f"its key is {shown(found)}, which is neither a number nor a text")
    return _as_text(found) if kind is str else _as_integer(found, text_is_normal=text_is_normal)


def _as_text(found: int | str | float) -> tuple[str, str | None]:
    if isinstance(found, float):
        raise BadKey(f"its key is {shown(found)}, not a text")
    if isinstance(found, int):
        return str(found), f"key {found} was read as {str(found)!r}"
    if not found:
        raise BadKey("its key is an empty text")
    if len(found.encode("utf-8", "surrogatepass")) > LONGEST:
        raise BadKey(f"its key {shown(found)} is longer than {LONGEST} bytes, too long for a database's index")
    if "\0" in found or not encodes(found):
        raise BadKey(f"its key {shown(found)} holds characters that no database text can hold")
    return found, None


def _as_integer(found: int | str | float, *, text_is_normal: bool) -> tuple[int, str | None]:
    number = _whole(found)
    if not SMALLEST <= number <= LARGEST:
        raise BadKey(f"its key {shown(number)} does not fit 64 bits")
    if isinstance(found, int) or (text_is_normal and found == str(number)):
        return number, None
    return number, f"key {shown(found)} was read as {number}"


def _whole(found: int | str | float) -> int:
    if isinstance(found, int):
        return found
    if isinstance(found, str) and _integer(found.strip()):
        return int(found)
    if isinstance(found, float) and found.is_integer() and abs(found) < EXACT:
        return int(found)
    raise BadKey(f"its key is {shown(found)}, not a whole number")


def as_numbers(names: Sequence[object]) -> list[object]:
    """Names that are numbers in their usual spelling as these; any other as it is, for as_key() to judge."""
    return [_number(name) for name in names]


def _number(name: object) -> object:
    try:
        number = int(name)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return name
    return number if str(number) == name else name


def are_plain(names: Sequence[object]) -> bool:
    """Whether as_key() would give all of them back as they are; seen in passing, so some that it would are not."""
    if not all(type(name) is str and 0 < len(name) <= LONGEST // 4 for name in names):
        return False
    together = "".join(names)  # type: ignore[arg-type]
    return "\0" not in together and encodes(together)


def are_whole(found: Sequence[object]) -> bool:
    """The same of numbers."""
    whole = set(map(type, found)) == {int}
    return whole and min(found) >= SMALLEST and max(found) <= LARGEST  # type: ignore[type-var, operator]


def below(key: Key, floor: Key | None) -> bool:
    """Whether the key is smaller than the floor, if there is one. Texts are compared by code point, as SQLite does."""
    return floor is not None and key < floor  # type: ignore[operator]


def shown(found: object) -> str:
    """At most sixty characters of it."""
    if isinstance(found, int) and found.bit_length() > 200:  # CPython refuses to write very long integers
        return f"an integer of {found.bit_length()} bits"
    text = repr(found)
    return text if len(text) <= 60 else text[:57] + "..."


def encodes(text: str) -> bool:
    """Whether it is free of halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
