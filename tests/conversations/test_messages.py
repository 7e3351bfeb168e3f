"""Messages: in their order, page by page, found again; the same in every stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from conversations.models import Message
from conversations.services import messages
from migration_control.given import BadInput
from tests.migration_control.moving.ground import Ground
from tests.migration_control.stores.worlds import in_threads

NOW = datetime(2025, 3, 30, 9, 15, 30, 123456, tzinfo=UTC)
CHAT = -1001234567890


def say(text: str, chat_id: int = CHAT, at: datetime = NOW) -> Message:
    return messages.append(chat_id, "in", text, at=at)


def texts(found: list[Message]) -> list[str]:
    return [message.text for message in found]


def test_messages_that_are_appended_at_once_have_a_place_each(staged: Ground) -> None:
    del staged

    def speak(number: int) -> None:
        for n in range(4):
            say(f"{number}:{n}", chat_id=CHAT if number % 2 else 12)

    assert in_threads(10, speak) == []
    for chat_id, numbers in ((CHAT, (1, 3, 5, 7, 9)), (12, (0, 2, 4, 6, 8))):
        found = messages.page_on(chat_id)
        assert [message.position for message in found] == list(range(20))
        for number in numbers:
            assert [text for text in texts(found) if text.startswith(f"{number}:")] == [
                f"{number}:{n}" for n in range(4)
            ]
        assert messages.count(chat_id) == 20


def test_a_message_is_there_once_under_its_key(staged: Ground) -> None:
    del staged
    made = [messages.append(CHAT, "out", "hello", at=NOW, once="update:7") for _ in range(3)]
    assert [message.position for message in made] == [0, 0, 0]
    assert messages.count(CHAT) == 1


def test_pages_go_both_ways(staged: Ground) -> None:
    del staged
    for number in range(7):
        say(str(number))
    for other in (CHAT * 10, CHAT - 1, 1):
        say("elsewhere", chat_id=other)
    assert texts(messages.page(CHAT, limit=3)) == ["6", "5", "4"]
    assert texts(messages.page(CHAT, before=4, limit=3)) == ["3", "2", "1"]
    assert texts(messages.page(CHAT, before=1, limit=3)) == ["0"]
    assert texts(messages.page_on(CHAT, limit=3)) == ["0", "1", "2"]
    assert texts(messages.page_on(CHAT, after=2, limit=3)) == ["3", "4", "5"]
    assert texts(messages.page_on(CHAT, after=6)) == []
    assert sorted(messages.chats()) == [CHAT * 10, CHAT - 1, CHAT, 1]
    assert messages.page(77) == []


def test_a_search_knows_every_script_and_no_capitals(staged: Ground) -> None:
    del staged
    said = ["Привет, Мир", "STRASSE", "straße", "שלום עולם", "cafe\u0301", "👩‍👩‍👧 hi", "ﬁne", "nothing"]
    for text in said:
        say(text)
    for wanted, found in {
        "привет": ["Привет, Мир"],
        "ПРИВЕТ": ["Привет, Мир"],
        "Straße": ["straße", "STRASSE"],
        "עולם": ["שלום עולם"],
        "CAFÉ": ["cafe\u0301"],
        "👩‍👩‍👧": ["👩‍👩‍👧 hi"],
        "fine": ["ﬁne"],
        "%": [],
    }.items():
        assert texts(messages.search(CHAT, wanted).messages) == found
    assert messages.search(CHAT, "h", limit=1).messages[0].text == "nothing"
    assert messages.search(1, "h") == ([], None)


def test_a_search_that_was_cut_off_goes_on(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    del ground
    for number in range(10):
        say(f"wanted {number}" if number % 4 == 0 else str(number))
    monkeypatch.setattr(messages, "SCAN", 3)
    found, before, looks = [], None, 0
    while True:
        more, before = messages.search(CHAT, "wanted", before=before)
        found += texts(more)
        looks += 1
        if before is None:
            break
    assert (found, looks) == (["wanted 8", "wanted 4", "wanted 0"], 4)
    assert messages.search(CHAT, "wanted", limit=1).before == 8


@pytest.mark.parametrize(
    "call",
    [
        lambda: say("x" * 5_000_000),
        lambda: say(""),
        lambda: say("nul\0"),
        lambda: say("half \ud800"),
        lambda: say("x", chat_id=0),
        lambda: say("x", chat_id=2**63),
        lambda: say("x", chat_id=True),
        lambda: say("x", at=NOW.replace(tzinfo=None)),
        lambda: messages.append(CHAT, "sideways", "x", at=NOW),
        lambda: messages.append(CHAT, None, "x", at=NOW),  # type: ignore[arg-type]
        lambda: messages.page(CHAT, limit=0),
        lambda: messages.page(CHAT, limit=10**6),
        lambda: messages.page(CHAT, before=-1),
        lambda: messages.page_on(CHAT, after=True),
        lambda: messages.search(CHAT, ""),
    ],
)
def test_what_no_conversation_can_hold_is_refused_and_nothing_changes(
    ground: Ground, call: Callable[[], object]
) -> None:
    del ground
    with pytest.raises(BadInput):
        call()
    assert Message.records.count() == 0


def test_texts_stay_as_they_are(staged: Ground) -> None:
    del staged
    said = ["👩‍👩‍👧 שלום\u200f עולם\u202e", 'a\nb\tc\\d"', "x" * 100_000, " "]
    for text in said:
        say(text, at=NOW + timedelta(microseconds=1))
    found = messages.page_on(CHAT)
    assert texts(found) == said
    assert {message.ts for message in found} == {NOW + timedelta(microseconds=1)}
