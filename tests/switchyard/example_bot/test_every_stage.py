"""Each thing that the bot does, in each stage, with the same answers."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from accounts.models import User
from analytics.models import Event
from conversations.models import Message
from migration_control.stages import STAGES, StageRow
from subscriptions.models import Subscription
from switchyard.example.bot.texts import EN, RU
from switchyard.example.telegram import TOKEN
from switchyard.example.telegram.people import Person
from switchyard.example.telegram.server import Telegram
from switchyard.texts import say
from tests.faceit.replies import MATCH, reply
from tests.switchyard.conftest import InStage
from tests.switchyard.example_bot.conftest import BotProcess


@pytest.mark.parametrize("stage", STAGES, ids=str)
def test_a_person_does_everything_that_the_bot_offers(
    stage: StageRow, in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(stage)
    process.begins()
    ann, bob = person(5_000_000_001), person(2, language="ru", name="Борис")

    # Register, and bring a friend
    assert ann.asks("/start").startswith("Hello, Ann!")
    invitation = ann.asks("/refer")
    code = invitation.partition("start=")[2]
    assert code in invitation.partition("https://t.me/example_bot")[0]
    assert bob.asks(f"/start {code}").endswith(RU["referred"])
    assert bob.asks(f"/start {code}").endswith("один раз.")

    # FACEIT
    nickname = reply("player_details")["nickname"]
    assert ann.asks(f"/link {nickname}") == EN["linked"]
    assert bob.asks(f"/link {nickname}").startswith(f"Аккаунт FACEIT {nickname} привязан к другому")
    said = ann.asks(f"/analyse https://www.faceit.com/en/cs2/room/{MATCH}")
    assert "speciaLz: " in said

    # Buy, in all but money, and be refunded
    assert "Requests today: 1 of " in ann.asks("/subscription")
    before = held(ann)
    invoice = ann.invoice()
    assert invoice.fields["currency"] == "XTR"
    amount, payload = invoice.fields["prices"][0]["amount"], invoice.fields["payload"]
    assert ann.checks_out(payload, amount)["ok"] == "true"
    heard = len(ann.heard())
    charge = ann.is_charged(payload, amount)
    telegram.until(lambda: ann.heard()[heard:] == ["Thank you! You have premium for 30 more days."])
    once = held(ann)
    assert once.tier == "premium"
    ann.is_charged(payload, amount, charge, listed=False)
    telegram.until(lambda: len(ann.heard()) == heard + 2)
    assert held(ann).expires_at == once.expires_at
    assert person(8).asks(f"/refund {charge}") == EN["not-for-you"]
    owner = person(990)
    assert owner.asks(f"/refund {charge}") == f"The charge {charge} of user {ann.id} is refunded."
    assert telegram.sent("refundStarPayment")[0].fields["user_id"] == str(ann.id)
    assert owner.asks(f"/refund {charge}").endswith("is refunded.")
    heard = len(ann.heard())
    ann.is_charged(payload, amount, charge, listed=False)
    assert ann.hears(heard) == say("payment-refunded", "en")
    assert [held(ann).tier, held(ann).expires_at] == [before.tier, before.expires_at]

    assert ann.asks("/terms") == EN["terms"]
    assert ann.asks("/paysupport") == EN["how-to-ask"]
    assert ann.asks(f"/paysupport Where is {charge}?") == EN["asked"]
    assert owner.heard()[-1] == f"Ann ({ann.id}): Where is {charge}?"

    # The chat, and the settings
    assert ann.asks("I like tea 🫖") == EN["kept"].format(count=1)
    assert ann.asks("/summary") == EN["summary"].format(count=1, last="I like tea 🫖")
    assert ann.asks("/profile") == EN["profile"].format(
        name="Ann", count=1, summary=EN["summary"].format(count=1, last="I like tea 🫖")
    )
    assert ann.asks("/settings") == EN["settings"].format(language="English", notifications="on")
    ann.presses("set:language:ru")
    ann.presses("set:notifications:off")
    assert ann.asks("/settings") == RU["settings"].format(language="Русский", notifications="выключены")
    assert ann.presses("set:language:xx") == "Здесь ожидается другое. Проверьте, пожалуйста, и попробуйте снова."

    assert process.ends(signal.SIGTERM) == 0
    assert telegram.acknowledged()
    assert TOKEN not in process.said
    user = User.records.get(ann.id)
    assert user is not None
    assert [user.language, user.notifications_enabled, user.faceit_nickname] == ["ru", False, nickname]
    assert [each.text for each in Message.records.iterate() if each.direction == "in"] == ["I like tea 🫖"]
    assert {"start", "link", "request"} <= {each.event_data.get("action") for each in Event.records.iterate()}


def held(person: Person) -> Subscription:
    found = Subscription.records.get(person.id)
    assert found is not None
    return found
