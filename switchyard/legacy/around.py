"""The bot's own profile manager, kept for all that it does beside storing: asking a language model above all.

Its methods call the manager's own save_profile, which writes a file past the protocol. So on the wrapped instance
itself whatever stores is replaced, and its other methods store through here without knowing it.
"""

from __future__ import annotations

import copy
import inspect
import threading
import typing
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conversations import services
from migration_control import given
from migration_control.given import BadInput
from switchyard.legacy import profiles
from switchyard.legacy.profiles import Profile, ProfileManager
from switchyard.legacy.remembering import Change, differs
from switchyard.legacy.turns import one_at_a_time
from switchyard.overload import gate

Make = Callable[[Profile], Any]

NOTHING = ("load", "save")


class CannotWrap(TypeError):
    def __init__(self, manager: object, reason: str) -> None:
        super().__init__(
            f"{type(manager).__name__} cannot be wrapped: {reason}. Pass the bot's own profile manager, an ordinary"
            " object with load_profile and save_profile; or use switchyard.legacy.ProfileManager in its place."
        )


class DatabaseGirlsAdapter(ProfileManager):
    """girls: the bot's own manager. What the table of calls names is answered from here; all else is the manager's own.

    make: of our Profile the object that the manager's methods expect; unless given, the class that its load_profile
    says it returns, built with the fields' names. writers: further methods of it that only write its file, as _save.
    """

    def __init__(self, girls: Any, *, make: Make | None = None, writers: Iterable[str] = ()) -> None:
        """Raises CannotWrap."""
        super().__init__()
        for name in ("load_profile", "save_profile"):
            if not callable(getattr(girls, name, None)):
                raise CannotWrap(girls, f"it has no {name}")
        self._girls = girls
        self._objects = Objects(make or _made_as(girls))
        for name, call in self._replacements().items():
            if hasattr(girls, name):
                _replace(girls, name, call)
        for name in (*NOTHING, *writers):
            if hasattr(girls, name):
                _replace(girls, name, _nothing)

    def __getattr__(self, name: str) -> Any:
        """What we do not know is the manager's."""
        if name.startswith("__") or "_girls" not in vars(self):
            raise AttributeError(name)
        return getattr(self._girls, name)

    def _replacements(self) -> dict[str, Callable[..., Any]]:
        shown = self._objects.shown
        return {
            "load_profile": lambda chat_id: shown(profiles.load(chat_id)),
            "get_profile": lambda chat_id: shown(profiles.load(chat_id)),
            "save_profile": self._objects.save,
            "ensure_girl": lambda chat_id, name="": shown(profiles.ensure(chat_id, name)),
            "list_all_profiles": lambda: [shown(each) for each in profiles.everything()],
            "list_girls": lambda: [shown(each) for each in profiles.everything()],
            "delete_girl": services.profiles.delete,
            "update_last_activity": profiles.touch,
            "get_latest_summary_text": services.summaries.latest,
            "get_previous_response_id": services.profiles.previous_response_id,
            "set_previous_response_id": profiles.set_previous,
            "backup_daily_chat": profiles.backup,
        }

    # As the bot's handlers have it, in the manager's own class of profile

    async def load_profile(self, chat_id: int) -> Any:
        return await gate().run(lambda: self._objects.shown(profiles.load(chat_id)))

    async def save_profile(self, profile: Any) -> None:
        await gate().run(lambda: self._objects.save(profile))

    async def ensure_girl(self, chat_id: int, name: str = "") -> Any:
        return self._objects.shown(await super().ensure_girl(chat_id, name))

    async def list_all_profiles(self) -> list[Any]:
        return await gate().run(lambda: [self._objects.shown(each) for each in profiles.everything()])


class Objects:
    """Profiles of whatever class, and what each was read as: by the object itself, for as long as it is held."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._read: dict[int, tuple[weakref.ref[Any], dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def shown(self, profile: Profile | None) -> Any:
        if profile is None:
            return None
        made = self._make(profile)
        if not isinstance(made, Profile):
            self._note(made, profile.whole())
        return made

    @one_at_a_time
    def save(self, profile: Any) -> None:
        """Raises BadInput, UnknownChat."""
        if isinstance(profile, Profile):
            profiles.save(profile)
            return
        now = _fields(profile)
        with self._lock:
            held = self._read.get(id(profile))
        was = held[1] if held is not None and held[0]() is profile else None
        profiles.apply(given.chat_id(now.get("chat_id")), _changes(was, now), new=was is None)
        if type(profile) is not dict:  # of which nothing can be remembered: each time it says all that it has
            self._note(profile, now)

    def _note(self, made: Any, fields: dict[str, Any]) -> None:
        number = id(made)
        try:
            held = weakref.ref(made, lambda _: self._read.pop(number, None))
        except TypeError as error:
            raise CannotWrap(made, f"{error}; pass make=, which makes an object of an ordinary class") from None
        with self._lock:
            self._read[number] = held, copy.deepcopy(fields)


class Members(dict[str, Any]):
    """A profile as a plain object of JSON, for managers whose profiles are dictionaries."""


def _changes(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Change]:
    if was is None:
        return {name: Change(None, value) for name, value in now.items()}
    return {name: Change(was[name], value) for name, value in now.items() if name in was and differs(was[name], value)}


def _fields(profile: Any) -> dict[str, Any]:
    """Raises BadInput."""
    found = (
        profile
        if isinstance(profile, Mapping)
        else {n: getattr(profile, n) for n in Profile.FIELDS if hasattr(profile, n)}
    )
    fields = {name: copy.deepcopy(found[name]) for name in Profile.FIELDS if name in found}
    if "chat_id" not in fields:
        raise BadInput(f"{type(profile).__name__} is no profile: it has no chat_id.", name="a profile")
    return fields


def _made_as(girls: Any) -> Make:
    """By what load_profile says it returns; without such a word, or where that is nothing to build, our Profile."""
    try:
        said = typing.get_type_hints(girls.load_profile).get("return")
    except (NameError, TypeError):
        said = None
    for kind in typing.get_args(said) or (said,):
        origin = typing.get_origin(kind) or kind
        if inspect.isclass(origin) and issubclass(origin, dict):
            return lambda profile: Members(profile.whole())
        if inspect.isclass(kind) and kind is not type(None) and kind.__module__ != "builtins":
            return _builder(kind)
    return lambda profile: profile


def _builder(kind: type) -> Make:
    taken = inspect.signature(kind).parameters
    everything = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())

    def make(profile: Profile) -> Any:
        fields = profile.whole()
        made = kind(**{name: value for name, value in fields.items() if everything or name in taken})
        for name in fields.keys() - taken.keys() if not everything else ():
            setattr(made, name, fields[name])
        return made

    return make


def _replace(girls: Any, name: str, call: Callable[..., Any]) -> None:
    """A coroutine by a coroutine; a plain method by one that waits for a thread, as it waited for its file, but not for
    longer than REQUEST_TIMEOUT.
    """

    async def awaited(*arguments: Any, **named: Any) -> Any:
        return await gate().run(lambda: call(*arguments, **named))

    def waited_for(*arguments: Any, **named: Any) -> Any:
        return gate().wait(lambda: call(*arguments, **named))

    try:
        setattr(girls, name, awaited if inspect.iscoroutinefunction(getattr(girls, name)) else waited_for)
    except AttributeError as error:
        raise CannotWrap(girls, str(error)) from error


def _nothing(*_: Any, **__: Any) -> None:
    return None
