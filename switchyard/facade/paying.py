"""What is bought with Telegram Stars: offered, asked for, judged, given, and taken back.

Nothing of it is in the bots' documents, so these calls raise what the services do; explain() says it to a person.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from django.conf import settings

from migration_control.given import BadInput
from migration_control.service_errors import ServiceError
from subscriptions import services as subscriptions
from subscriptions.errors import AnotherPayment, OrderRefused
from subscriptions.models import Payment
from subscriptions.services import Charge, Order, Receipt
from subscriptions.services.tiers import PERIODS, XTR
from switchyard.facade.answers import told
from switchyard.facade.desk import Desk
from switchyard.legacy import clock
from switchyard.overload import NotBegun, StillAtWork, gate, within
from switchyard.texts import say

CHECKOUT = 6.0  # seconds; Telegram gives a pre_checkout_query up after ten, of which a handler needs some for itself
FINAL = (OrderRefused, AnotherPayment, BadInput)  # of receive_payment(): the same charge would be refused again


class SwitchedOff(ServiceError):
    code: ClassVar[str] = "switched-off"

    def __init__(self) -> None:
        super().__init__("Nothing is sold while ENABLE_SUBSCRIPTION_SYSTEM is false. Set it to true.")


class Offer(NamedTuple):
    """price: in Stars, at present. days: that are had for it."""

    tier: str
    period: str
    days: int
    price: int


class Invoice(NamedTuple):
    """For sendInvoice: one price, of `label` and `amount`."""

    title: str
    description: str
    payload: str
    currency: str
    label: str
    amount: int


class Paying(Desk):
    """The calls of a payment, in their order. All raise what Model.records and the gate raise."""

    def get_offers(self) -> list[Offer]:
        """What can be bought. Sync; asks nobody. None while subscriptions are switched off."""
        if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
            return []
        return [_offer(tier, period) for tier in ("premium", "pro") for period in PERIODS]

    async def create_invoice(self, telegram_user_id: int, tier: str, period: str = "monthly") -> Invoice:
        """In the user's language. Nobody is asked to pay who could not be given anything.

        Raises SwitchedOff, UnknownUser, HasItForGood, UnknownTier, BadInput, KeyReserved.
        """
        _check_sold()
        payload = subscriptions.payload(tier, period, telegram_user_id)
        await gate().run(lambda: self._may_be_sold(telegram_user_id, tier))
        offer, language = _offer(tier, period), self._languages.of(telegram_user_id)
        limits = subscriptions.limits(tier)
        requests = limits.requests_per_day
        facts: dict[str, Any] = {
            **offer._asdict(),
            "requests": say("status-unlimited", language) if requests is None else requests,
            "history": limits.match_history,
        }
        title = say("invoice-title", language, **facts)
        return Invoice(title, say("invoice-description", language, **facts), payload, XTR, title, offer.price)

    async def check_payment(self, telegram_user_id: int, payload: str, *, currency: str, total_amount: int) -> Order:
        """Of a pre_checkout_query, to be answered ok if this returns: the last moment to say no before anything is
        charged. Within CHECKOUT seconds, or it raises NotBegun: it only looks, so it can be repeated.

        Raises SwitchedOff, ForgedPayload, SomebodyElses, WrongCurrency, WrongAmount, UnknownUser, HasItForGood,
        BadInput, KeyReserved.
        """
        _check_sold()
        order = subscriptions.check_order(payload, user_id=telegram_user_id, amount=total_amount, currency=currency)
        try:
            with within(CHECKOUT):
                await gate().run(lambda: self._may_be_sold(telegram_user_id, order.tier))
        except StillAtWork as error:
            raise NotBegun(CHECKOUT) from error
        return order

    async def receive_payment(
        self, telegram_user_id: int, charge_id: str, payload: str, *, currency: str, total_amount: int
    ) -> Receipt:
        """Of a successful_payment, whatever is switched off by now: once, however often a charge comes, so whatever
        this raises it may be called again. See subscriptions.services.receive().

        Raises one of FINAL of a charge for which nothing is given, each time again: refund it then.
        """
        charge = Charge(charge_id, telegram_user_id, total_amount, currency, payload)
        receipt = await gate().run(lambda: subscriptions.receive(charge, now=clock.now()))
        self._activity.note(telegram_user_id, "payment")
        return receipt

    async def refund_payment(self, charge_id: str) -> Receipt:
        """Takes back what it gave; Telegram is told by the caller (refundStarPayment). Once: again it changes nothing.

        Raises UnknownCharge, BadInput.
        """
        return await gate().run(lambda: subscriptions.refund(charge_id, now=clock.now()))

    async def explain(self, said: Receipt | Exception, telegram_user_id: int, language: str | None = None) -> str:
        """A receipt, or what one of these calls raised, as a text in the user's language. Never raises for a store.

        language: as language_of() has `otherwise`.
        """
        language = await self.language_of(telegram_user_id, language)
        if isinstance(said, Receipt):
            return say(SAID.get(said.status, "payment-pending"), language, **said._asdict())
        return told(said, language)

    def _may_buy(self, user_id: int) -> None:
        """Raises UnknownUser."""
        self._known(user_id)

    def _may_be_sold(self, user_id: int, tier: str) -> None:
        """On a thread. Raises UnknownUser, HasItForGood; KeyReserved for somebody whom a payment could not reach."""
        self._may_buy(user_id)
        subscriptions.check_buyer(user_id, tier, now=clock.now())


SAID = {
    Payment.Status.COMPLETED.value: "payment-completed",
    Payment.Status.REFUNDED.value: "payment-refunded",
}


def _offer(tier: str, period: str) -> Offer:
    return Offer(tier, period, PERIODS[period], subscriptions.price(tier, period))


def _check_sold() -> None:
    if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
        raise SwitchedOff
