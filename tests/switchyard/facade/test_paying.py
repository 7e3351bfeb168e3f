"""Payments through the facade, in every stage: what is asked for, what a charge gives, and what a person is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.errors import UnknownUser
from accounts.models import User
from migration_control.given import BadInput
from migration_control.routing import threads
from migration_control.routing.errors import DatabaseAway
from migration_control.stages import STAGES, StageRow
from subscriptions import services as subscriptions
from subscriptions.errors import (
    AnotherPayment,
    ForgedPayload,
    NoSuchPayer,
    OrderRefused,
    SomebodyElses,
    UnknownCharge,
    UnknownTier,
    WrongAmount,
    WrongCurrency,
)
from subscriptions.models import Payment, Subscription
from switchyard.facade import Switchyard, paying
from switchyard.facade.paying import SwitchedOff
from switchyard.overload import NotBegun
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)
XTR: dict[str, Any] = {"currency": "XTR", "total_amount": 199}


@pytest.fixture
def served(in_stage: InStage, settings: Settings) -> Callable[[StageRow], Switchyard]:
    """1 speaks English, 2 Russian; neither has bought anything."""
    settings.PRICES = {(tier, "monthly"): [price] for tier, price in (("premium", 199), ("pro", 299))} | {
        (tier, "yearly"): [price] for tier, price in (("premium", 1999), ("pro", 2999))
    }

    def make(stage: StageRow) -> Switchyard:
        in_stage(stage)
        User.records.create(User(user_id=1, language="en"))
        User.records.create(User(user_id=2))
        return Switchyard()

    return make


def time_of(user_id: int) -> tuple[str, int] | None:
    """tier, and days from now."""
    found = Subscription.records.get(user_id)
    if found is None or found.expires_at is None:
        return None
    return found.tier, round((found.expires_at - datetime.now(UTC)) / timedelta(days=1))


@every_stage
def test_from_the_invoice_to_the_refund(stage: StageRow, served: Callable[[StageRow], Switchyard], run: Run) -> None:
    desk = served(stage)

    async def go() -> list[str]:
        invoice = await desk.create_invoice(1, "premium")
        assert (invoice.payload, invoice.currency, invoice.amount) == ("premium_monthly_1", "XTR", 199)
        order = await desk.check_payment(1, invoice.payload, currency=invoice.currency, total_amount=invoice.amount)
        assert (order.tier, order.days) == ("premium", 30)
        paid = {"currency": invoice.currency, "total_amount": invoice.amount}
        receipts = await asyncio.gather(*(desk.receive_payment(1, "stx1", invoice.payload, **paid) for _ in range(5)))  # type: ignore[arg-type]
        assert {receipt._replace(status="") for receipt in receipts} == {receipts[0]._replace(status="")}
        again = await desk.receive_payment(1, "stx1", invoice.payload, **paid)  # type: ignore[arg-type]
        assert again.status == "completed"
        had = await threads.run(time_of, 1)
        assert had == ("premium", 30)
        taken = [await desk.refund_payment("stx1") for _ in range(2)]
        assert taken[0] == taken[1]
        said = [*invoice[:2], *[await desk.explain(receipt, 1) for receipt in (again, taken[0])]]
        return [*said, (await desk.create_invoice(2, "pro", "yearly")).title]

    assert run(go()) == [
        "premium for 30 days",
        "premium for 30 days. Requests a day: 100; matches of the history: 50.",
        "Thank you! You have premium for 30 more days.",
        "The payment is refunded, and what it gave is taken back.",
        "pro на 365 дн.",
    ]
    found = Subscription.records.get(1)
    assert found is None or found.tier == "free"
    assert {payment.charge_id: payment.status for payment in Payment.objects.all()} == {"stx1": "refunded"}


REFUSED: list[tuple[type[Exception], str, dict[str, Any], str]] = [
    (ForgedPayload, "premium_monthly_1; DROP TABLE", XTR, "This order is not ours."),
    (ForgedPayload, "premium_monthly_99999999999999999999", XTR, "This order is not ours."),
    (ForgedPayload, "\0", XTR, "This order is not ours."),
    (ForgedPayload, "👾" * 2_500_000, XTR, "This order is not ours."),
    (SomebodyElses, "premium_monthly_2", XTR, "This invoice is somebody else's."),
    (WrongCurrency, "premium_monthly_1", XTR | {"currency": "USD"}, "Only Telegram Stars are taken."),
    (WrongAmount, "premium_monthly_1", XTR | {"total_amount": 1}, "The price is 199 Stars by now."),
    (BadInput, "premium_monthly_1", XTR | {"total_amount": -199}, "That is not what is expected here."),
    (BadInput, "premium_monthly_1", XTR | {"total_amount": True}, "That is not what is expected here."),
]


@pytest.mark.parametrize("stage", [STAGES[0], STAGES[3]], ids=str)
def test_what_is_not_ours_to_sell_is_refused_before_anything_is_charged(
    stage: StageRow, served: Callable[[StageRow], Switchyard], run: Run
) -> None:
    desk = served(stage)

    async def go() -> None:
        for error, payload, paid, said in REFUSED:
            with pytest.raises(error) as refused:
                await desk.check_payment(1, payload, **paid)
            assert (await desk.explain(refused.value, 1)).startswith(said), payload[:40]
        with pytest.raises(UnknownUser):
            await desk.check_payment(3, "premium_monthly_3", **XTR)
        for tier, period, id, kind in (
            ("free", "monthly", 1, UnknownTier), ("premium", "daily", 1, BadInput),
            ("premium", "monthly", 3, UnknownUser), ("premium", "monthly", 2**63, BadInput),
            ("premium", "monthly", True, BadInput),
        ):  # fmt: skip
            with pytest.raises(kind):
                await desk.create_invoice(id, tier, period)

    run(go())
    assert (Payment.objects.count(), Subscription.records.count()) == (0, 0)


@pytest.mark.parametrize("stage", [STAGES[0], STAGES[3]], ids=str)
def test_what_was_charged_all_the_same_gives_nothing_and_can_be_refunded(
    stage: StageRow, served: Callable[[StageRow], Switchyard], run: Run
) -> None:
    desk = served(stage)

    async def go() -> None:
        for number, (error, payload, paid, _) in enumerate(REFUSED):
            if error is BadInput or len(payload) > 128 or "\0" in payload:
                continue  # which Telegram charges nobody
            for _ in range(2):
                with pytest.raises(OrderRefused):
                    await desk.receive_payment(1, f"stx{number}", payload, **paid)
            assert (await desk.refund_payment(f"stx{number}")).status == "refunded"
        with pytest.raises(NoSuchPayer) as refused:
            await desk.receive_payment(3, "stx-nobody", "premium_monthly_3", **XTR)
        assert (await desk.explain(refused.value, 3)).startswith("Вы не зарегистрированы")
        assert (await desk.explain(refused.value, 3, "en-US")).startswith("You are not registered")
        await desk.receive_payment(1, "stx-one", "premium_monthly_1", **XTR)
        with pytest.raises(AnotherPayment):
            await desk.receive_payment(2, "stx-one", "premium_monthly_2", **XTR)
        with pytest.raises(UnknownCharge) as unknown:
            await desk.refund_payment("stx-none")
        assert await desk.explain(unknown.value, 1) == "There is no such payment. Please check its id."
        for bad in ("", "ü", "x" * 151, None, 5):
            with pytest.raises(BadInput):
                await desk.refund_payment(bad)  # type: ignore[arg-type]

    run(go())
    assert time_of(1) == ("premium", 30)
    assert Subscription.records.get(2) is None


def test_nothing_is_sold_while_it_is_switched_off_but_what_was_charged_is_given(
    served: Callable[[StageRow], Switchyard], run: Run, settings: Settings
) -> None:
    desk = served(STAGES[3])
    assert [offer.price for offer in desk.get_offers()] == [199, 1999, 299, 2999]
    settings.ENABLE_SUBSCRIPTION_SYSTEM = False
    assert desk.get_offers() == []

    async def go() -> None:
        with pytest.raises(SwitchedOff):
            await desk.create_invoice(1, "premium")
        with pytest.raises(SwitchedOff) as refused:
            await desk.check_payment(1, "premium_monthly_1", **XTR)
        assert await desk.explain(refused.value, 1) == "This is switched off at present."
        assert (await desk.receive_payment(1, "stx1", "premium_monthly_1", **XTR)).status == "completed"
        assert (await desk.refund_payment("stx1")).status == "refunded"

    run(go())


def test_where_no_store_answers_a_charge_may_be_brought_again(
    served: Callable[[StageRow], Switchyard], run: Run, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RETRY_ATTEMPTS = 1
    desk = served(STAGES[3])

    def away(*_: object, **__: object) -> None:
        raise DatabaseAway("subscriptions")

    async def go() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(subscriptions, "receive", away)
            patch.setattr("switchyard.facade.desk.accounts.get", away)
            for call in (
                desk.receive_payment(1, "stx1", "premium_monthly_1", **XTR),
                desk.check_payment(1, "premium_monthly_1", **XTR),
            ):
                with pytest.raises(DatabaseAway) as refused:
                    await call
                assert await desk.explain(refused.value, 1) == (
                    "Сейчас это невозможно. Попробуйте, пожалуйста, через минуту."
                )
        assert (await desk.receive_payment(1, "stx1", "premium_monthly_1", **XTR)).status == "completed"

    run(go())


def test_a_query_is_answered_before_telegram_gives_it_up(
    served: Callable[[StageRow], Switchyard], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, let_go = served(STAGES[0]), threading.Event()
    monkeypatch.setattr(paying, "CHECKOUT", 0.05)
    monkeypatch.setattr("switchyard.facade.desk.accounts.get", lambda _: let_go.wait(20))

    async def go() -> None:
        try:
            with pytest.raises(NotBegun):  # also where a thread is at it: it only looks
                await desk.check_payment(1, "premium_monthly_1", **XTR)
        finally:
            let_go.set()

    run(go())
