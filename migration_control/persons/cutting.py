"""What a JSON text says of a person, cut out of it; all the rest stays as it was, byte by byte.

A person is named where data names one: a member user_id, chat_id or the like with the id as its value, a member whose
name is the id, or the id and a setting's name. Such an object, or member, is the person's. A reference to them, as
referred_by, becomes null. A text is theirs where it stands in a list by itself and has the id in it, which no shorter
number can be told from. Otherwise an id in the middle of a prose text is none of this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

IDENTITIES = frozenset(
    {
        "user_id", "telegram_id", "telegram_user_id", "tg_id", "tg_user_id", "chat_id", "from_id", "from_user_id",
        "customer_id", "person_id", "scope",
    }
)  # fmt: skip
OWN = ("user_id", "telegram_id", "telegram_user_id", "tg_id", "tg_user_id")  # whose it is, whatever else it names
OBJECTS = frozenset({"user", "from", "from_user", "chat", "sender"})  # with a member `id`, as Telegram has them
REFERENCES = frozenset({"referred_by", "invited_by", "referrer_id", "inviter_id", "by"})
LISTS = re.compile(r"(user|chat|telegram|tg|person|customer)_?ids")
SCOPED = "::"
LONG = 10**6  # ids from here on are not met by chance in a text, as counts and months are

POWER = "[0-9][eE][-+]?[0-9]"  # in every number that is written as a power of ten
_NUMBER = r"(?<![0-9.])-?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]{1,4}(?![0-9])"
_powers_in_text, _powers_in_bytes = re.compile(_NUMBER).findall, re.compile(_NUMBER.encode()).findall

_LOOSE = False  # a line feed in a text is no reason to give up
_decode = json.JSONDecoder(strict=_LOOSE).raw_decode
_space = re.compile(r"[ \t\n\r]*").match


class NotJson(ValueError):
    """It cannot be told what it says."""


@dataclass
class Cut:
    """rest: None if all of it is the person's. pieces: what was cut out."""

    rest: str | None
    pieces: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        return bool(self.pieces)


def mentioned(text: str | bytes, person: int) -> bool:
    """Whether the number stands in it, as a number of its own; 7.5e8, also, for 750000000."""
    if isinstance(text, bytes):
        plain = re.search(rb"(?<![0-9])%d(?![0-9])" % person, text)
        return plain is not None or any(float(each) == person for each in _powers_in_bytes(text))
    plain_text = re.search(rf"(?<![0-9]){person}(?![0-9])", text)
    return plain_text is not None or any(float(each) == person for each in _powers_in_text(text))


def cut(text: str, person: int, within: Iterable[str] = ()) -> Cut:
    """Raises NotJson."""
    if not mentioned(text, person):
        return Cut(text)
    try:
        return _Cutter(text, person, frozenset(within)).run()
    except (ValueError, IndexError, RecursionError) as error:
        raise NotJson(str(error)) from error


def without(value: Any, person: int, within: Iterable[str] = ()) -> Any:
    """The same of a value that JSON can hold, and which is not the person's as a whole; None if it is."""
    text = json.dumps(value)
    made = cut(text, person, within)
    if not made.found:
        return value
    return None if made.rest is None else json.loads(made.rest)


def unnamed(value: Any, person: int, within: Iterable[str] = ()) -> Any:
    """The same of a value that is everybody's, whomever it names: of an object that is the person's as a whole, only
    the members that say so become null.
    """
    if not is_of(value, person, within):
        return without(value, person, within)
    mine = {name for name in (*IDENTITIES, *OBJECTS) if name in value and _names(value[name], person)}
    rest = {name: None if name in mine else each for name, each in value.items()}
    return without({name: each for name, each in rest.items() if not is_of(each, person, within)}, person, within)


def rest_of(document: str, person: int, within: Iterable[str] = (), *, common: bool) -> str:
    """Of a record's document that is not theirs as a whole. common: it is everybody's. Raises NotJson."""
    if not common:
        return cut(document, person, within).rest or ""
    try:
        members = json.loads(document).items()
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    return json.dumps({name: unnamed(value, person, within) for name, value in members})


def _names(value: object, person: int) -> bool:
    return _is_id(value, person) or (isinstance(value, dict) and _is_id(value.get("id"), person))


def is_of(value: object, person: int, within: Iterable[str] = ()) -> bool:
    """Whether this object is the person's as a whole."""
    if not isinstance(value, dict):
        return False
    own = [value[name] for name in OWN if value.get(name) is not None]
    if own and not any(_is_id(each, person) for each in own):
        return False  # somebody else's, though it names the chat, say
    if any(_is_id(value[name], person) for name in IDENTITIES & value.keys()):
        return True
    if any(isinstance(v := value[name], dict) and _is_id(v.get("id"), person) for name in OBJECTS & value.keys()):
        return True
    return any(is_of(value.get(name), person) for name in within)


def is_name_of(name: str, person: int) -> bool:
    """Whether a member of this name is the person's."""
    return name == str(person) or name.startswith(f"{person}{SCOPED}")


def _is_id(value: object, person: int) -> bool:
    """In each way in which a key may be written: 7, 7.0, "7", " 7 "."""
    if isinstance(value, bool):
        return False
    return (
        value == person if isinstance(value, int | float) else isinstance(value, str) and value.strip() == str(person)
    )


def _tells_of(value: object, person: int) -> bool:
    return isinstance(value, str) and abs(person) >= LONG and mentioned(value, person)


Edit = tuple[int, int, str]  # from where to where, and what is put there


class _Cutter:
    def __init__(self, text: str, person: int, within: frozenset[str]) -> None:
        self.text, self.person, self.within = text, person, within
        self.pieces: list[str] = []
        self.edits: list[Edit] = []

    def run(self) -> Cut:
        start = self._skip(1 if self.text.startswith("\ufeff") else 0)
        value, end = _decode(self.text, start)
        if self._skip(end) != len(self.text):
            raise NotJson("something follows the document")
        if is_of(value, self.person, self.within) or _tells_of(value, self.person):
            return Cut(None, [self.text[start:end]])
        self._descend(start, value)
        return Cut(self._edited(), self.pieces)

    def _edited(self) -> str:
        parts, at = [], 0
        for start, end, new in sorted(self.edits):
            parts += [self.text[at:start], new]
            at = end
        return "".join([*parts, self.text[at:]])

    def _descend(self, start: int, value: object, name: str = "") -> None:
        if isinstance(value, dict):
            self._object(start)
        elif isinstance(value, list):
            self._list(start, name)

    def _object(self, start: int) -> None:
        members: list[tuple[int, int, bool]] = []
        for begin, name, at, value, end in self._members(start):
            theirs = is_name_of(name, self.person) or is_of(value, self.person, self.within)
            if not theirs and name in REFERENCES and _is_id(value, self.person):
                self.pieces.append(self.text[begin:end])
                self.edits.append((at, end, "null"))
            elif not theirs and mentioned(self.text[at:end], self.person):
                self._descend(at, value, name)
            members.append((begin, end, theirs))
        self._remove(members)

    def _list(self, start: int, name: str) -> None:
        elements: list[tuple[int, int, bool]] = []
        listed = LISTS.fullmatch(name) is not None
        for at, value, end in self._elements(start):
            theirs = is_of(value, self.person, self.within) or (listed and _is_id(value, self.person))
            theirs = theirs or _tells_of(value, self.person)
            if not theirs and mentioned(self.text[at:end], self.person):
                self._descend(at, value)
            elements.append((at, end, theirs))
        self._remove(elements)

    def _remove(self, parts: Sequence[tuple[int, int, bool]]) -> None:
        """With the comma, and the white space, that goes with each."""
        kept = None
        for number, (start, end, theirs) in enumerate(parts):
            if not theirs:
                kept = number
                continue
            self.pieces.append(self.text[start:end])
            if number + 1 < len(parts):
                after = parts[number + 1]
                last_run = all(each[2] for each in parts[number:])
                if not (last_run and kept is not None):
                    self.edits.append((start, after[0], ""))
                    continue
            if kept is None:
                self.edits.append((start, end, ""))
            else:
                before = parts[number - 1][1] if parts[number - 1][2] else parts[kept][1]
                self.edits.append((before, end, ""))

    def _members(self, start: int) -> Iterator[tuple[int, str, int, Any, int]]:
        """Where each begins, its name, where its value begins, the value, and where it ends."""
        at = self._skip(start + 1)
        while self.text[at] != "}":
            name, colon = scanstring(self.text, at + 1, _LOOSE)
            value_at = self._skip(self._skip(colon) + 1)
            value, end = _decode(self.text, value_at)
            yield at, name, value_at, value, end
            at = self._next(end)

    def _elements(self, start: int) -> Iterator[tuple[int, Any, int]]:
        at = self._skip(start + 1)
        while self.text[at] != "]":
            value, end = _decode(self.text, at)
            yield at, value, end
            at = self._next(end)

    def _next(self, end: int) -> int:
        at = self._skip(end)
        return self._skip(at + 1) if self.text[at] == "," else at

    def _skip(self, at: int) -> int:
        found = _space(self.text, at)
        assert found is not None  # no space is one, too
        return found.end()


def as_text(data: bytes) -> str:
    """For `as_bytes`, which gives back the very bytes."""
    return data.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


Judge = Callable[[str], Cut]
