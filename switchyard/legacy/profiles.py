"""The companion bot's profile manager, with its calls and their results: all coroutines, none of which blocks the loop.

What cannot be done now is raised: routing.errors, overload.Overloaded, overload.TimedOut; and KeyReserved for a profile
in quarantine.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from typing import Any, ClassVar

from conversations import services
from conversations.errors import UnknownChat
from conversations.models import Profile as Record
from conversations.services import saving
from legacy_json.errors import NotThere
from migration_control import given
from migration_control.given import BadInput
from switchyard.gathering import Gathering
from switchyard.legacy import clock
from switchyard.legacy.remembering import Change, Remembering
from switchyard.legacy.turns import one_at_a_time
from switchyard.legacy.users import nothing
from switchyard.overload import gate

log = logging.getLogger(__name__)

profiles = services.profiles


class Profile(Remembering):
    """chat_id has to be given. last_activity: a naive local ISO text. Members of summary and profile: by moment."""

    FIELDS: ClassVar[dict[str, Callable[[], Any]]] = {
        "chat_id": nothing,
        "name": str,
        "last_activity": nothing,
        "message_count": int,
        "summary": dict,
        "profile": dict,
        "previous_response_id": nothing,
    }

    chat_id: int
    name: str
    last_activity: str | None
    message_count: int
    summary: dict[str, str]
    profile: dict[str, Any]
    previous_response_id: str | None

    def __init__(self, chat_id: int, name: str = "", **given: Any) -> None:
        super().__init__(chat_id=chat_id, **({"name": name} if name else {}), **given)


class Nothing:
    """May be awaited, and need not be."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


class ProfileManager:
    """path: taken, as the bot's own took it, and passed over: the installation says which files there are."""

    def __init__(self, path: object = None) -> None:
        del path

    async def load_profile(self, chat_id: int) -> Profile | None:
        """Raises BadInput."""
        return await gate().run(lambda: load(chat_id))

    async def get_profile(self, chat_id: int) -> Profile | None:
        return await self.load_profile(chat_id)

    async def save_profile(self, profile: Profile) -> None:
        """What changed of it since it was read, of summary and profile by their members; or all of a new one. One that
        was read and is deleted since is not made anew: UnknownChat. Raises BadInput.
        """
        await gate().run(lambda: save(profile))

    async def ensure_girl(self, chat_id: int, name: str = "") -> Profile:
        """The name is a new one's. Of those who ask at once all are served in one commit."""
        return await _ensuring.ask(given.chat_id(chat_id), name)

    async def list_all_profiles(self) -> list[Profile]:
        return await gate().run(everything)

    async def list_girls(self) -> list[Profile]:
        return await self.list_all_profiles()

    async def delete_girl(self, chat_id: int) -> bool:
        """Whether there was one. What was said in the chat stays."""
        return await gate().run(lambda: profiles.delete(chat_id))

    async def update_last_activity(self, chat_id: int) -> None:
        """last_activity is now, and message_count one more. Of an unknown chat nothing."""
        await gate().run(lambda: touch(chat_id))

    async def get_latest_summary_text(self, chat_id: int) -> str | None:
        return await gate().run(lambda: services.summaries.latest(chat_id))

    async def get_previous_response_id(self, chat_id: int) -> str | None:
        return await gate().run(lambda: profiles.previous_response_id(chat_id))

    async def set_previous_response_id(self, chat_id: int, value: str | None) -> None:
        """Of an unknown chat nothing. Raises BadInput."""
        await gate().run(lambda: set_previous(chat_id, value))

    async def backup_daily_chat(self, chat_id: int, messages: Sequence[Mapping[str, Any]]) -> str:
        """The path of the day's backup."""
        return await gate().run(lambda: backup(chat_id, messages))

    def load(self) -> Awaitable[None]:
        """Nothing: for old callers."""
        return Nothing()

    def save(self) -> Awaitable[None]:
        """Nothing: for old callers. Every call is durable when it returns."""
        return Nothing()


# The same, plain


def load(chat_id: int) -> Profile | None:
    record = profiles.get(chat_id)
    return None if record is None else profile_of(record)


def profile_of(record: Record) -> Profile:
    fields = {name: getattr(record, name) for name in Profile.FIELDS}
    moment = clock.local(record.last_activity)
    return Profile.read_as(**fields | {"last_activity": moment.isoformat() if moment else None})


@one_at_a_time
def save(profile: Remembering) -> None:
    now = profile.whole()
    apply(given.chat_id(now.get("chat_id")), profile.changes(now), new=not profile.was_read)
    profile.remember(now)


def apply(chat_id: int, changes: Mapping[str, Change], *, new: bool) -> None:
    """To the profile as it is by now. new: it may have to be made. Raises BadInput, UnknownChat."""
    if "chat_id" in changes and not new:
        raise BadInput("A profile's chat_id never changes. Build another Profile.", name="chat_id")
    mine = {name: change for name, change in changes.items() if name != "chat_id"}
    now = profiles.checked({name: change.now for name, change in mine.items()})
    if new:
        profiles.save(chat_id, now)
    elif now:
        was = {name: change.was for name, change in mine.items()}
        try:
            Record.records.update(chat_id, lambda record: saving.apply(record, now, was))
        except NotThere:
            raise UnknownChat(chat_id) from None


def ensure(chat_id: int, name: str = "") -> Profile:
    return profile_of(profiles.ensure(chat_id, name, now=clock.now()))


def _ensure_many(names: Mapping[int, str]) -> dict[int, Profile]:
    found = Record.records.get_many(names)
    new = {chat_id: name for chat_id, name in names.items() if chat_id not in found}
    made = profiles.ensure_many(new, now=clock.now())
    return {chat_id: profile_of(made[chat_id] if chat_id in made else found[chat_id]) for chat_id in names}


_ensuring = Gathering(ensure, _ensure_many, profiles.MANY)


def everything() -> list[Profile]:
    return [profile_of(record) for record in profiles.everyone()]


def touch(chat_id: int) -> None:
    _of_known(lambda: profiles.touch(chat_id, now=clock.now()))


def set_previous(chat_id: int, value: str | None) -> None:
    _of_known(lambda: profiles.set_previous_response_id(chat_id, value))


def backup(chat_id: int, messages: Sequence[Mapping[str, Any]]) -> str:
    return str(services.backups.backup_day(chat_id, messages, now=clock.now()))


def _of_known(call: Callable[[], object]) -> None:
    try:
        call()
    except UnknownChat as refusal:
        log.info("Nothing was done: %s", refusal)
