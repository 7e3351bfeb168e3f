"""Values that stand side by side in a file, a window's worth at a time, and as msgspec decodes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

Defect = tuple[str, str]  # code, detail

_decode_list = msgspec.json.Decoder(list).decode
_decode_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_object = msgspec.json.Decoder(dict[str, object]).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


class Stretch:
    """Values that stand side by side in one container.

    defects: what plain json.load would have passed over in silence; only ever of a single value. names: of members, if
    the data has them too. lines: the values as documents.encoded() writes them, each with a line feed behind it.
    """

    __slots__ = ("_data", "_lines", "_raws", "defects", "names", "values")

    def __init__(
        self,
        values: Sequence[object],
        data: bytes,
        defects: tuple[Defect, ...] = (),
        names: Sequence[str] | None = None,
        lines: bytes | None = None,
    ) -> None:
        self.values, self.defects, self.names = values, defects, names
        self._data, self._lines = data, lines
        self._raws: list[msgspec.Raw] | None = None

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(self._data)

    def raw(self, number: int) -> bytes:
        """The bytes of one value in the file."""
        if len(self.values) == 1 and self.names is None:
            return self._data
        if self._raws is None:
            members = self.names is not None
            self._raws = (
                list(_decode_members(b"{%b}" % self._data).values()) if members else _decode_raws(b"[%b]" % self._data)
            )
        return bytes(self._raws[number])

    @property
    def documents(self) -> list[bytes] | None:
        """The values as documents.encoded() writes them, none of them odd; None if that was not looked at yet."""
        return None if self._lines is None else self._lines.splitlines()  # which holds no other ends of lines

    def starts(self) -> Iterator[int]:
        """How many bytes before the stretch's end each value begins."""
        at = 0
        for number in range(len(self.values)):
            raw = self.raw(number)
            at = self._data.index(raw, at)
            yield len(self._data) - at
            at += len(raw)


def plain_elements(data: bytes) -> Stretch | None:
    """None if a name may stand twice. Raises what msgspec does."""
    values = _decode_list(b"[%b]" % data)
    lines = _encode_lines(values)
    return Stretch(values, data, lines=lines) if _no_name_twice(data, lines) else None


def plain_members(data: bytes) -> Stretch | None:
    """The same of an object's members."""
    members = _decode_object(b"{%b}" % data)
    names, values = list(members), list(members.values())
    lines = _encode_lines(values)
    return Stretch(values, data, names=names, lines=lines) if _no_name_twice(data, lines, _encode(names)) else None


def _no_name_twice(data: bytes, *encoded: bytes) -> bool:
    """Whether what was encoded holds every name of the data: a name that was dropped takes its quotation marks along.

    A quotation mark that is written as a number would be one more in what we encode.
    """
    return b"\\u0022" not in data and data.count(b'"') == sum(part.count(b'"') for part in encoded)
