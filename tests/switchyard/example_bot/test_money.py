"""What is paid is given once: whatever is sent twice, forged or missed, and whenever the bot dies.

Of who calls the services; these have their own tests in every stage.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from accounts.models import User
from migration_control.stages import STAGES, StageRow
from subscriptions.models import Payment, Subscription
from switchyard.example.telegram.people import Person
from switchyard.example.telegram.server import Telegram
from switchyard.texts import say
from tests.switchyard.conftest import InStage
from tests.switchyard.example_bot.conftest import BotProcess

PRICE = 199
PAID = "Thank you! You have premium for 30 more days."
DAY = 24 * 3600.0

# Stops the bot where a receipt has been asked for, and nothing is kept yet, or all of it is.
STANDING = """
import os, pathlib, time
import switchyard
switchyard.setup()
from switchyard.example.bot import polling
from switchyard.facade import Switchyard
polling.MONEY = 600.0
receive = Switchyard.receive_payment

async def stands(*given, **more):
    if {after}:
        await receive(*given, **more)
    pathlib.Path(os.environ["REACHED"]).touch()
    time.sleep(600)

Switchyard.receive_payment = stands
from switchyard.example.bot.__main__ import main
main()
"""


# One person's payment hangs, and another one's question whether he may pay.
HANGING = """
import asyncio, time
import switchyard
switchyard.setup()
from switchyard.example.bot import polling
from switchyard.facade import Switchyard, paying

async def hangs(*_, **__):
    await asyncio.sleep(600)

may_buy = Switchyard._may_buy
Switchyard.receive_payment = hangs
Switchyard._may_buy = lambda desk, user_id: time.sleep(3) if user_id == 3 else may_buy(desk, user_id)
paying.CHECKOUT = polling.MONEY = 0.1
from switchyard.example.bot.__main__ import main
main()
"""


def registered(person: Person) -> Person:
    User.records.create(User(user_id=person.id, language="en"))
    return person


def days(user_id: int) -> float:
    found = Subscription.records.get(user_id)
    if found is None or found.expires_at is None:
        return 0.0
    return (found.expires_at.timestamp() - time.time()) / DAY


@pytest.mark.parametrize(
    ("stage", "after"),
    list(zip(STAGES, [False, True, False, True], strict=True)),
    ids=lambda given: str(given) if isinstance(given, StageRow) else "after" if given else "before",
)
def test_a_bot_that_is_killed_between_payment_and_answer_credits_once(
    stage: StageRow, after: bool, in_stage: InStage, process: BotProcess, person: Callable[..., Person],
    telegram: Telegram,
) -> None:  # fmt: skip
    in_stage(stage)
    ann, reached = registered(person(1)), process.home / "reached"
    process.begins(program=STANDING.format(after=after), REACHED=str(reached))
    # Not in Telegram's list, so that only the update that comes again can credit it.
    ann.is_charged("premium_monthly_1", PRICE, listed=False)
    telegram.until(reached.exists)
    process.is_killed()
    assert not telegram.acknowledged()

    process.starts()
    telegram.until(lambda: PAID in ann.heard())
    assert process.ends() == 0
    assert telegram.acknowledged()
    assert 29 < days(1) < 31


def test_a_payment_of_which_no_update_comes_is_found_in_telegrams_list(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[3])
    ann = registered(person(1))
    charges = [ann.is_charged("premium_monthly_1", PRICE, told=False) for _ in range(2)]
    person(2).is_charged("premium_monthly_1", PRICE, told=False)  # somebody else's order: of it nothing is given
    gift = {"type": "user", "transaction_type": "gift_purchase", "user": ann.self}
    for of in ({"receiver": {"type": "fragment"}}, {"receiver": gift}, {"source": gift | {"invoice_payload": "x"}}):
        telegram.transactions.append({"id": charges[0], "amount": 5, "date": int(time.time()), **of})
    process.starts()
    telegram.until(lambda: days(1) > 58)
    ann.is_charged("premium_monthly_1", PRICE, charges[0], listed=False)
    telegram.until(lambda: PAID in ann.heard())
    assert process.ends() == 0
    assert 59 < days(1) < 61


def test_without_the_database_a_payment_is_given_where_json_is_the_authority(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[1])
    ann = registered(person(1))
    process.settings(DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    process.begins()
    charge = ann.is_charged("premium_monthly_1", PRICE)
    ann.is_charged("premium_monthly_1", PRICE, charge, listed=False)
    telegram.until(lambda: ann.heard().count(PAID) == 2)
    assert process.ends() == 0
    assert 29 < days(1) < 31


def test_with_the_database_away_in_db_only_a_payment_is_credited_once_it_is_back(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[3])
    ann = registered(person(1))
    there = process.settings(DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    process.begins()
    ann.is_charged("premium_monthly_1", PRICE)
    telegram.until(lambda: any(said.startswith("Thank you! Your payment has arrived") for said in ann.heard()))
    assert ann.checks_out("premium_monthly_1", PRICE)["ok"] == "false"
    process.is_killed()
    assert days(1) == 0
    process.settings(**there)
    process.begins()
    telegram.until(lambda: days(1) > 29)
    assert process.ends() == 0
    assert 29 < days(1) < 31


FORGED = [
    ("pro_yearly_1", 1, "XTR"),
    ("premium_monthly_1", PRICE, "USD"),
    ("premium_monthly_2", PRICE, "XTR"),
    ("premium_monthly_1\u0660", PRICE, "XTR"),
    ("free_monthly_1", PRICE, "XTR"),
    ("premium_monthly_1\0", PRICE, "XTR"),
    ("x" * 128, PRICE, "XTR"),
    ("", PRICE, "XTR"),
    ("premium_monthly_1", -PRICE, "XTR"),
    ("premium_monthly_1", 1 << 70, "XTR"),
]


def test_what_is_not_for_sale_is_refused_before_it_is_charged_and_gives_nothing_after(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[3])
    process.begins()
    ann, stranger = registered(person(1)), person(5)
    for payload, amount, currency in FORGED:
        answer = ann.checks_out(payload, amount, currency)
        assert answer["ok"] == "false", payload
        assert answer["error_message"]
    assert stranger.checks_out("premium_monthly_5", PRICE)["ok"] == "false"
    assert not Payment.objects.exists()
    assert ann.presses("buy:gold:monthly") == "There is no such subscription. There are premium and pro."
    assert stranger.presses("buy:pro:monthly") == "You are not registered yet. Send /start first."
    for payload, amount, _ in FORGED[:1] + FORGED[2:]:
        heard = len(ann.heard())
        ann.is_charged(payload, amount, listed=False)
        assert not ann.hears(heard).startswith("Thank you")
    assert process.ends() == 0
    assert days(1) == 0
    assert "could not be handled" not in process.said


def test_who_asks_whether_he_may_pay_has_an_answer_whatever_hangs(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[0])
    ann, bob, eve = (registered(person(number)) for number in (1, 2, 3))
    ann.is_charged("premium_monthly_1", PRICE)
    process.begins(program=HANGING)
    telegram.until(lambda: telegram.polls > 0)
    assert bob.checks_out("premium_monthly_2", PRICE)["ok"] == "true"
    said = eve.checks_out("premium_monthly_3", PRICE)
    assert (said["ok"], said["error_message"]) == ("false", say("timed-out-not-begun", "en"))
