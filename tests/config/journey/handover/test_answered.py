"""What the example bot has told people is looked for in both stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from config.journey.handover.notes import Answered, Kind
from tests.migration_control.conftest import bot as bot
from tests.migration_control.conftest import ground as ground
from tests.switchyard.conftest import both_bots as both_bots
from tests.switchyard.conftest import in_stage as in_stage

if TYPE_CHECKING:
    from tests.switchyard.conftest import InStage

NOW = datetime(2031, 5, 6, tzinfo=UTC)
DOINGS: list[tuple[Kind, str]] = [
    ("person", ""), ("message", "demo1.1"), ("message", "demo1.2"), ("language", "en"), ("payment", "demo-1-1"),
]  # fmt: skip
ANSWERS = [Answered(kind, 1, what, "acknowledged", 0.1) for kind, what in DOINGS]
ANSWERS += [Answered("message", 1, "", "unknown", 20.0), Answered("payment", 1, "", "refused", 0.1)]


@pytest.fixture
def told(in_stage: InStage) -> None:
    """As the bot has it in both stores."""
    from accounts.models import User
    from conversations.services import messages
    from migration_control.stages import STAGES
    from subscriptions import services as subscriptions
    from subscriptions.services import Charge

    in_stage(STAGES[2])
    User.records.create(User(user_id=1, language="en"))
    for number in (1, 2):
        messages.append(1, "in", f"demo1.{number}", at=NOW)
    messages.append(1, "out", "demo1.1", at=NOW)
    subscriptions.receive(Charge("demo-1-1", 1, 199, "XTR", "premium_monthly_1"), now=NOW)


def looked(more: list[Answered] | None = None) -> tuple[dict[str, tuple[int, int, int]], list[str]]:
    from config.journey.handover.answered import look
    from migration_control.mirroring import acknowledging

    acknowledging.flush()
    found = look(ANSWERS + (more or []), now=NOW)
    counts = {name: (each.acknowledged, each.in_json, each.in_database) for name, each in found.items()}
    return counts, [line for each in found.values() for line in each.wrong]


def caught_up() -> None:
    from migration_control import components, store
    from migration_control.mirroring import draining_to_json

    for name in ("users", "subscriptions", "conversations"):
        draining_to_json.drain(components.get(name), store.index())


def test_what_was_told_is_found(told: None) -> None:
    caught_up()
    assert looked() == (
        {"bot: people": (1, 1, 1), "bot: languages": (1, 1, 1), "bot: payments": (1, 1, 1), "bot: messages": (2, 2, 2)},
        [],
    )


def _nobody() -> None:
    from accounts.models import User

    User.objects.all().delete()


def _another_language() -> None:
    from accounts.models import User

    User.objects.update(language="ru")


def _lost() -> None:
    from conversations.models import Message

    Message.objects.filter(text="demo1.2").delete()


def _twice() -> None:
    from conversations.services import messages

    messages.append(1, "in", "demo1.2", at=NOW)


def _given_twice() -> None:
    from subscriptions.models import Subscription

    def more(record: Subscription) -> None:
        assert record.expires_at is not None
        record.expires_at = record.expires_at + (record.expires_at - NOW)

    Subscription.records.update(1, more)


def _not_given() -> None:
    from subscriptions.models import Payment

    Payment.objects.all().delete()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_nobody, "not in both stores"),
        (_another_language, "1 chose en; JSON has"),
        (_lost, "demo1.2 is not in both stores."),
        (_twice, "demo1.2 is twice in a store."),
        (_given_twice, "1 was thanked for 1 payments of 1 in the database, and has"),
        (_not_given, "1 was thanked for 1 payments of 0 in the database"),
    ],
)
def test_what_is_not_as_it_was_told_is_wrong(told: None, spoil: Callable[[], None], said: str) -> None:
    caught_up()
    spoil()
    caught_up()
    assert said in "\n".join(looked()[1])


def test_without_people_there_is_nothing_to_look_for() -> None:
    from config.journey.handover.answered import look

    assert look([], now=NOW) == {}
