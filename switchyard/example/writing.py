"""Texts as the bots write them, and what no JSON writer would write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

BOM = "\ufeff"
# Private characters that no invented text has.
_VALUE, _NAME = "\ue000", "\ue001"
_written = re.compile(f'"{_VALUE}([0-9]+){_VALUE}"|{_NAME}[0-9]+{_NAME}')


class Verbatim(str):
    """A value that stands in the file just so."""

    __slots__ = ()


class Members(tuple[tuple[str, Any], ...]):
    """An object as its pairs of name and value, where a name may stand twice."""

    __slots__ = ()


def as_text(value: object) -> str:
    """As both bots write: json.dump(..., ensure_ascii=False, indent=2); half a surrogate pair stays an escape."""
    verbatim: list[str] = []

    def plain(value: Any) -> Any:
        if isinstance(value, Verbatim):
            verbatim.append(value)
            return f"{_VALUE}{len(verbatim) - 1}{_VALUE}"
        if isinstance(value, Members):
            return {f"{name}{_NAME}{number}{_NAME}": plain(inner) for number, (name, inner) in enumerate(value)}
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return value

    text = json.dumps(plain(value), ensure_ascii=False, indent=2)
    text = _written.sub(lambda found: verbatim[int(found[1])] if found[1] else "", text)
    return text.encode(errors="backslashreplace").decode()


def with_trailing_comma(text: str) -> str:
    """A list or an object as a hand edit may leave it."""
    return f"{text[:-1].rstrip()},\n{text[-1]}"


def write(path: Path, text: str) -> None:
    """The folder is made. A bot writes its whole file at once, and so in place; nobody reads this one yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
