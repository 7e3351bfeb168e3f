"""What the services of subscriptions refuse."""

from __future__ import annotations

from typing import ClassVar

from legacy_json.keys import shown
from migration_control.service_errors import ServiceError


class SubscriptionError(ServiceError):
    """Base of these."""


class UnknownUser(SubscriptionError):
    """Nobody has a subscription without being a user."""

    code: ClassVar[str] = "unknown-user"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"There is no user {user_id}. Register the user first.", user_id=user_id)


class UnknownTier(SubscriptionError):
    code: ClassVar[str] = "unknown-tier"

    def __init__(self, tier: object) -> None:
        super().__init__(f"{shown(tier)} is no tier that can be had. There are premium and pro.", tier=shown(tier))


# Referrals


class UnknownCode(SubscriptionError):
    code: ClassVar[str] = "unknown-referral-code"

    def __init__(self, text: object) -> None:
        super().__init__(f"{shown(text)} is nobody's referral code. Copy it as it was sent.", referral_code=shown(text))


class OwnCode(SubscriptionError):
    code: ClassVar[str] = "own-referral-code"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"The code is user {user_id}'s own. It is for somebody else to use.", user_id=user_id)


class AlreadyReferred(SubscriptionError):
    code: ClassVar[str] = "already-referred"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"User {user_id} was referred before; that counts once.", user_id=user_id)


class ReferredByYou(SubscriptionError):
    """Two people do not bring one another."""

    code: ClassVar[str] = "referred-by-you"

    def __init__(self, user_id: int) -> None:
        super().__init__(
            f"The code belongs to somebody whom user {user_id} has brought. Use the code of somebody else.",
            user_id=user_id,
        )


class CodeTaken(SubscriptionError):
    """Of a code that was chosen, not made."""

    code: ClassVar[str] = "referral-code-taken"

    def __init__(self, text: object) -> None:
        super().__init__(
            f"The referral code {shown(text)} is somebody else's. Choose another one.", referral_code=shown(text)
        )


class NoFreeCode(SubscriptionError):
    code: ClassVar[str] = "no-free-referral-code"

    def __init__(self, tries: int) -> None:
        super().__init__(f"Each of {tries} referral codes belongs to somebody else. Try again.", tries=tries)


# Payments


class OrderRefused(SubscriptionError):
    """Nothing is sold this way. If it was charged already, the payment is kept as failed, and nothing was given."""


class ForgedPayload(OrderRefused):
    code: ClassVar[str] = "forged-payload"

    def __init__(self, text: object) -> None:
        super().__init__(
            f"{shown(text)} is no order of ours: those read as premium_monthly_1000. Send a new invoice.",
            payload=shown(text),
        )


class SomebodyElses(OrderRefused):
    code: ClassVar[str] = "order-of-another-user"

    def __init__(self, payload: str, user_id: int) -> None:
        super().__init__(
            f"The order {shown(payload)} is not user {user_id}'s. Send that user an invoice of their own.",
            payload=shown(payload), user_id=user_id,
        )  # fmt: skip


class WrongCurrency(OrderRefused):
    code: ClassVar[str] = "wrong-currency"

    def __init__(self, currency: object) -> None:
        super().__init__(f"Paid in {shown(currency)}; only Telegram Stars (XTR) are taken.", currency=shown(currency))


class WrongAmount(OrderRefused):
    code: ClassVar[str] = "wrong-amount"

    def __init__(self, amount: int, price: int) -> None:
        super().__init__(
            f"{amount} Stars is not the price, which is {price}. Send a new invoice.", amount=amount, price=price
        )


class NoSuchPayer(OrderRefused):
    """As UnknownUser, of somebody who was charged."""

    code: ClassVar[str] = "unknown-payer"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"Who paid, {user_id}, was no user. Nothing is given for it: refund it.", user_id=user_id)


class HasItForGood(OrderRefused):
    """Said before anything is charged, never after it."""

    code: ClassVar[str] = "has-it-for-good"

    def __init__(self, user_id: int, tier: str) -> None:
        super().__init__(
            f"User {user_id} has {tier} without end; what is ordered would add nothing. Sell them a higher tier.",
            user_id=user_id, tier=tier,
        )  # fmt: skip


class PaymentRefused(OrderRefused):
    """What was said of a failed payment when it came first is said again. reason: that refusal's code."""

    code: ClassVar[str] = "payment-refused"

    def __init__(self, charge_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The payment {shown(charge_id)} was refused before ({reason}); it is kept as failed. Refund it.",
            charge_id=shown(charge_id), reason=reason,
        )  # fmt: skip


class AnotherPayment(SubscriptionError):
    code: ClassVar[str] = "charge-id-of-another-payment"

    def __init__(self, charge_id: str) -> None:
        super().__init__(
            f"The charge {shown(charge_id)} is known with another user, amount, currency or payload. Nothing was"
            " changed; compare both with what Telegram says of it.",
            charge_id=shown(charge_id),
        )


class UnknownCharge(SubscriptionError):
    code: ClassVar[str] = "unknown-charge"

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"No payment has the charge id {shown(charge_id)}.", charge_id=shown(charge_id))


class NotYet(SubscriptionError):
    """Of an act of the inbox, which is tried again."""

    code: ClassVar[str] = "not-yet"

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"What the payment {shown(charge_id)} gave is not noted yet; it is in a moment.")
