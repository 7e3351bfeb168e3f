"""What writers do to the records that they write."""

from __future__ import annotations

from tests.model.world import Value

Values = tuple[Value, ...]


def append(me: int, values: Values) -> Values:
    """Creates what is not there. Of several records at once the mark is negative."""
    mark = me if len(values) == 1 else -me - 1
    return tuple((*(value or ()), mark) for value in values)


def delete(me: int, values: Values) -> Values:
    return tuple(None for _ in values)


def swap(me: int, values: Values) -> Values | None:
    """Two records exchange their unique values."""
    one, two = values
    if not one or not two:
        return None
    return (two[0], *one[1:], me), (one[0], *two[1:], me)


def rename(me: int, values: Values) -> Values | None:
    """The first takes a unique value that nobody has; the second is looked at only."""
    one, two = values
    return (("c", *one[1:], me), two) if one and two else None


def take(me: int, values: Values) -> Values | None:
    """The second takes "a" once the first has left it."""
    one, two = values
    return (one, ("a", *two[1:], me)) if one and two and one[0] != "a" else None
