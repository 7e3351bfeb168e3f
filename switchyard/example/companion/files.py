"""Writes the companion bot's folder, one file after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from random import Random

from switchyard.example.companion import event_oddities, events, message_oddities, messages
from switchyard.example.companion.chats import Chats
from switchyard.example.companion.profile_oddities import Profile, planted_in_the_folder, planted_in_the_object
from switchyard.example.companion.setting_oddities import planted as planted_settings
from switchyard.example.companion.settings import settings
from switchyard.example.dates import moment
from switchyard.example.planting import Document, Spot, Written, counted, dealt, located, mixed
from switchyard.example.writing import BOM, Members, as_text, with_trailing_comma, write

BOT = "companion"
PROFILES, PROFILE, CONVERSATION, MONTH = (
    "girls_data.json",
    "girls_data/{}.json",
    "conversations/{}.json",
    "analytics_{}.json",
)
METRICS, SETTINGS = "metrics.json", "config.json"
USERS_A_CHAT = 10
FEWEST = 20  # chats
EVENTS_A_CHAT = 12
SNAPSHOTS = 60


def write_files(folder: Path, users: int, seed: int) -> list[Written]:
    """As many chats as a tenth of `users`, never fewer than 20; everything else goes with them."""
    chats = Chats(_chance(seed, "chats"))
    ids = [chats.new_id() for _ in range(max(users // USERS_A_CHAT, FEWEST))]
    return [
        _older_profiles(folder, chats, ids[: len(ids) * 2 // 5]),
        _profiles(folder, chats, ids[len(ids) // 5 :]),
        _conversations(folder, _chance(seed, "conversations"), chats, ids[::2] + ids[1::4]),
        _events(folder, _chance(seed, "events"), len(ids) * EVENTS_A_CHAT),
        _metrics(folder, _chance(seed, "metrics")),
        _settings(folder, _chance(seed, "settings")),
    ]


def _chance(seed: int, part: str) -> Random:
    """Each part has its own, so that a change of one leaves the bytes of the others."""
    return Random(f"{seed} {BOT} {part}")  # noqa: S311 - an example has to be the same each time


def _older_profiles(folder: Path, chats: Chats, ids: list[int]) -> Written:
    """Half of these chats have a file of their own, too."""
    odd = list(planted_in_the_object(chats))
    ordinary = [(str(chat_id), chats.older(chat_id)) for chat_id in ids]
    listed: list[Profile] = mixed(ordinary, odd, chats.chance, front=len(ids) // 2)
    write(folder / PROFILES, with_trailing_comma(as_text({"girls": Members(listed)})))
    planted = counted(odd) | {"trailing_comma": 1}
    return Written(PROFILES, {"profiles": len(listed)}, planted, located(PROFILES, listed, odd))


def _profiles(folder: Path, chats: Chats, ids: list[int]) -> Written:
    odd = list(planted_in_the_folder(chats))
    for name, profile in chain.from_iterable(entries for _, entries in odd):
        write(folder / PROFILE.format(name), as_text(profile))
    for chat_id in ids:
        write(folder / PROFILE.format(chat_id), as_text(chats.profile(chat_id)))
    marked = chats.profile()
    write(folder / PROFILE.format(marked["chat_id"]), BOM + as_text(marked))
    entries = sum(len(entries) for _, entries in odd) + len(ids) + 1
    spots = {defect: [Spot(PROFILE.format(name), 0) for name, _ in profiles] for defect, profiles in odd}
    return Written(PROFILE.format("*"), {"profiles": entries}, counted(odd) | {"byte_order_mark": 1}, spots)


def _conversations(folder: Path, chance: Random, chats: Chats, ids: list[int]) -> Written:
    odd = list(message_oddities.planted(chance))
    entries, planted = 0, counted(odd)
    spots: dict[str, list[Spot]] = {}
    for chat_id, here in zip(ids, dealt(odd, len(ids)), strict=True):
        listed = mixed(messages.conversation(chance), here, chance)
        file = CONVERSATION.format(chat_id)
        write(folder / file, as_text(listed))
        entries += len(listed)
        spots |= located(file, listed, here)
    for whole in message_oddities.planted_files(chance, ids[0], chats.new_id):
        file = CONVERSATION.format(whole.stem)
        write(folder / file, whole.text)
        entries += whole.entries
        planted[whole.defect] = 1
        spots[whole.defect] = [Spot(file, entry) for entry in range(whole.entries)]
    return Written(CONVERSATION.format("*"), {"conversations": entries}, planted, spots)


def _events(folder: Path, chance: Random, number: int) -> Written:
    def event() -> Document:
        return events.event(chance, moment(chance).replace(tzinfo=UTC))

    odd = list(event_oddities.planted(event))
    entries, spots = 1, {"file_name_no_month": [Spot(MONTH.format("old"), 0)]}
    for month, here in zip(events.MONTHS, dealt(odd, len(events.MONTHS)), strict=True):
        listed = mixed(events.month(chance, month, number // len(events.MONTHS)), here, chance)
        write(folder / MONTH.format(month), as_text(listed))
        entries += len(listed)
        spots |= located(MONTH.format(month), listed, here)
    write(folder / MONTH.format("old"), as_text([event()]))
    return Written(MONTH.format("*"), {"analytics": entries}, counted(odd) | {"file_name_no_month": 1}, spots)


def _metrics(folder: Path, chance: Random) -> Written:
    now = datetime(2025, 4, 9, 12, 0, 0, 123_000)  # noqa: DTZ001 - the bot's own clock
    whole = events.metrics(chance, now, SNAPSHOTS)
    odd = list(event_oddities.planted_snapshots(lambda: events.snapshot(chance, now)))
    listed = mixed(whole["history"], odd, chance)
    write(folder / METRICS, as_text(whole | {"history": listed}))
    return Written(METRICS, {"analytics": len(listed) + 1}, counted(odd), located(METRICS, listed, odd))


def _settings(folder: Path, chance: Random) -> Written:
    odd = list(planted_settings(chance))
    listed = mixed(settings().items(), odd, chance)
    write(folder / SETTINGS, BOM + as_text(Members(listed)))
    planted = counted(odd) | {"byte_order_mark": 1}
    return Written(SETTINGS, {"configuration": len(listed)}, planted, located(SETTINGS, listed, odd))
