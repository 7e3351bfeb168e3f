"""What kind of value stands somewhere, finely enough to tell odd ones from ordinary ones."""

from __future__ import annotations

import math
import re

from legacy_json.keys import LARGEST, SMALLEST, encodes

LONGEST_DATE = 40

_TEXTS = (
    ("local date", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")),
    ("date with zone", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")),
    ("date only", re.compile(r"\d{4}-\d\d-\d\d")),
    ("time only", re.compile(r"\d\d:\d\d(:\d\d)?")),
    ("14-digit date", re.compile(r"(19|20)\d{12}")),
    ("number as text", re.compile(r"\s*[+-]?\d+(\.\d+)?\s*")),
)


def kind(value: object) -> str:
    """The name of its kind, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if SMALLEST <= value <= LARGEST else "integer over 64 bits"
    if isinstance(value, float):
        return "fraction" if math.isfinite(value) else "not a number"
    if isinstance(value, str):
        return _text(value)
    return "list" if isinstance(value, list) else "object"


def _text(value: str) -> str:
    if "\0" in value:
        return "text with NUL"
    if not value.isascii():
        return "text" if encodes(value) else "text with lone surrogate"
    if len(value) <= LONGEST_DATE and (value[:1].isdigit() or value[:1] in ("+", "-", " ")):
        for name, pattern in _TEXTS:
            if pattern.fullmatch(value):
                return name
    return "text"
