"""Large folders of the companion bot, quickly: a few thousand invented texts, put together anew for each record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from switchyard.example.companion.chats import Chats
from switchyard.example.companion.events import event, metrics
from switchyard.example.companion.phrases import speech
from switchyard.example.companion.settings import settings
from switchyard.example.writing import as_text
from tests.bench.users import write_users

SEED = 7
POOL = 2000  # different texts
A_CHAT = 100  # messages
MONTHS = 12
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def write_conversations(folder: Path, records: int) -> None:
    """conversations/<chat>.json, each of A_CHAT messages."""
    chance = Random(SEED)
    chats, texts = Chats(chance), [json.dumps(speech(chance), ensure_ascii=False) for _ in range(POOL)]
    (folder / "conversations").mkdir()
    for first in range(0, records, A_CHAT):
        messages = [_message(chance, number, texts) for number in range(first, min(first + A_CHAT, records))]
        _write(folder / f"conversations/{chats.new_id()}.json", _list(messages))


def _message(chance: Random, number: int, texts: list[str]) -> str:
    moment = NOON + timedelta(seconds=31 * number, milliseconds=chance.randrange(1000))
    sent = moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
    way = "in" if chance.random() < 0.5 else "out"
    return f'{{\n    "ts": "{sent}Z",\n    "direction": "{way}",\n    "text": {chance.choice(texts)}\n  }}'


def write_analytics(folder: Path, records: int) -> None:
    """analytics_YYYYMM.json of a year, beside a metrics.json and the other bot's data.json, both small."""
    chance = Random(SEED)
    made = (event(chance, NOON) for _ in range(POOL))
    texts = [_inner(as_text(one)).replace(one["timestamp"], "{}", 1).split("{}", 1) for one in made]
    for month in range(1, MONTHS + 1):
        number = records // MONTHS + (records % MONTHS if month == 1 else 0)
        first = NOON.replace(month=month)
        moments = (first + timedelta(seconds=2 * at, microseconds=chance.randrange(1, 10**6)) for at in range(number))
        _write(folder / f"analytics_2024{month:02}.json", _list(_around(texts, moments, chance)))
    _write(folder / "metrics.json", as_text(metrics(chance, NOON.replace(tzinfo=None), 60)))
    write_users(folder / "data.json", 10)


def _around(texts: list[list[str]], moments: Iterable[datetime], chance: Random) -> Iterator[str]:
    for moment in moments:
        before, after = chance.choice(texts)
        yield f"{before}{moment.isoformat()}{after}"


def write_profiles(folder: Path, records: int) -> None:
    """girls_data/<chat>.json."""
    (folder / "girls_data").mkdir()
    for chat, text in _profiles(records):
        _write(folder / f"girls_data/{chat}.json", text)


def write_older_profiles(folder: Path, records: int) -> None:
    """The girls_data.json of before."""
    members = (f'"{chat}": {_inner(_inner(text))}' for chat, text in _profiles(records))
    with (folder / "girls_data.json").open("w", encoding="utf-8") as file:
        file.write('{\n  "girls": {\n    ')
        file.writelines(_separated(members, ",\n    "))
        file.write("\n  }\n}")


def _profiles(records: int) -> Iterator[tuple[int, str]]:
    chats = Chats(Random(SEED))
    texts = [as_text(chats.profile(0)).split('"chat_id": 0', 1) for _ in range(POOL)]
    for _ in range(records):
        chat, (before, after) = chats.new_id(), chats.chance.choice(texts)
        yield chat, f'{before}"chat_id": {chat}{after}'


def write_configuration(folder: Path, records: int) -> None:
    """config.json, whose settings are each of many chats'."""
    listed = list(settings().items())
    made = {f"chat{number // len(listed)}::{listed[number % len(listed)][0]}": listed[number % len(listed)][1]
            for number in range(records)}  # fmt: skip
    _write(folder / "config.json", as_text(made))


def _list(texts: Iterable[str]) -> str:
    return "[\n  " + ",\n  ".join(texts) + "\n]"


def _inner(text: str) -> str:
    """The same one level deeper."""
    return text.replace("\n", "\n  ")


def _separated(texts: Iterable[str], separator: str) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f"{separator}{text}" if number else text


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
