"""Documents as the index stores them: compact JSON bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_ascii = json.JSONEncoder(separators=(",", ":")).encode
_text = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
_unwritable = (UnicodeEncodeError, OverflowError, RecursionError)


def encoded(value: object, *, odd: bool) -> tuple[bool, bytes]:
    """Whether only json.loads reads it back as it was, and the bytes.

    odd: it may hold what msgspec does not know (NaN, integers of any size).
    """
    if not odd:
        try:
            return False, _encode(value)
        except _unwritable:  # a lone surrogate, an integer beyond 64 bits
            pass
    return True, _ascii(value).encode()


def decoded(document: bytes, *, odd: bool) -> dict[str, object]:
    """Of a live record."""
    found: dict[str, object] = json.loads(document) if odd else _decode(document)
    return found


def written(document: Mapping[str, object]) -> tuple[bool, bytes]:
    """The same for what a program wants stored, in the bytes that a reading of it will have: else it would differ.

    Raises ValueError, TypeError or RecursionError for what JSON cannot write.
    """
    try:
        data = _encode(document)
        if _decode(data) == document:  # msgspec alone writes null for NaN, lists for sets, texts for bytes
            return False, data
    except (*_unwritable, TypeError):
        pass
    return _checked(document)


def _checked(document: Mapping[str, object]) -> tuple[bool, bytes]:
    text = _text(document)
    plain = json.loads(text)
    if _text(plain) != text:
        raise ValueError("two of its names are one text")
    return encoded(plain, odd=False)
