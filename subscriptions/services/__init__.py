"""What the bot does with subscriptions, the same in every stage; atomic where limits and money are concerned.

Besides what each says, all raise given.BadInput, and what `Model.records` raises: of routing.errors when the store
cannot be reached, KeyReserved for a user whose subscription is in quarantine.
"""

from subscriptions.services.allowance import Access, Allowance, allows, check_and_count, count, may_request
from subscriptions.services.charges import Charge, Receipt
from subscriptions.services.counting import statistics
from subscriptions.services.expiring import expire, run_out, told
from subscriptions.services.orders import Order, check_buyer, check_order, parse_payload, payload
from subscriptions.services.payments import receive, refund
from subscriptions.services.records import of, shown
from subscriptions.services.referrals import apply_referral, referral_code
from subscriptions.services.tiers import FEATURES, Limits, limits, price
from subscriptions.services.upgrading import upgrade

__all__ = [
    "FEATURES", "Access", "Allowance", "Charge", "Limits", "Order", "Receipt", "allows", "apply_referral",
    "check_and_count", "check_buyer", "check_order", "count", "expire", "limits", "may_request", "of", "parse_payload",
    "payload", "price", "receive", "referral_code", "refund", "run_out", "shown", "statistics", "told", "upgrade",
]  # fmt: skip
