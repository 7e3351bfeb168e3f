"""The handlers of effects, by name: each a pure function of the record that it changes and the payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from legacy_json.keys import Key
from migration_control.stores.changes import Changes

Act = Callable[[Any, Any], object]
Make = Callable[[Key], Any]
F = TypeVar("F", bound=Act)


class NoSuchEffect(LookupError):
    def __init__(self, name: str) -> None:
        known = ", ".join(sorted(_handlers)) or "none"
        super().__init__(
            f"No handler of the effect {name!r} is registered in this process. Register it with @inbox.effect({name!r})"
            f" in a module that is loaded with its app. There are: {known}."
        )


class Handler(NamedTuple):
    """make: a new record of a key that has none; without it such an effect waits for the record."""

    act: Act
    make: Make | None

    def change(self, key: Key, payload: Any) -> Callable[[Changes[Any]], bool]:
        """As update_many() takes it."""

        def run(changes: Changes[Any]) -> bool:
            record = changes.get(key)
            if record is None:
                record = changes.create(self.make(key)) if self.make else changes[key]
            self.act(record, payload)
            return True

        return run


_handlers: dict[str, Handler] = {}


def effect(name: str, *, make: Make | None = None) -> Callable[[F], F]:
    """Register a handler. It alters the record in place; it must be pure and bounded, as a change of update() is."""

    def register(act: F) -> F:
        if name in _handlers:
            raise ValueError(f"the effect {name!r} is registered twice")
        _handlers[name] = Handler(act, make)
        return act

    return register


def handler(name: str) -> Handler:
    """Raises NoSuchEffect."""
    try:
        return _handlers[name]
    except KeyError:
        raise NoSuchEffect(name) from None
