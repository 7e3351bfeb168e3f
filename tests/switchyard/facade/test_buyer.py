"""Nobody is invoiced, nor charged, for what they have without end."""

from __future__ import annotations

import pytest

from accounts.models import User
from migration_control.stages import STAGES, StageRow
from subscriptions.errors import HasItForGood
from subscriptions.models import Subscription
from switchyard.facade import Switchyard
from tests.switchyard.conftest import InStage, Run


@pytest.mark.parametrize("stage", [STAGES[0], STAGES[3]], ids=str)
def test_who_has_it_without_end_is_sold_nothing(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    User.records.create(User(user_id=1, language="en"))
    Subscription.records.create(Subscription(user_id=1, tier="premium"))
    desk = Switchyard()

    async def go() -> None:
        with pytest.raises(HasItForGood):
            await desk.create_invoice(1, "premium", "yearly")
        offer = await desk.create_invoice(1, "pro")
        paid = await desk.check_payment(1, offer.payload, currency="XTR", total_amount=offer.amount)
        assert paid.tier == "pro"
        price = next(each.price for each in desk.get_offers() if (each.tier, each.period) == ("premium", "monthly"))
        with pytest.raises(HasItForGood) as refused:
            await desk.check_payment(1, "premium_monthly_1", currency="XTR", total_amount=price)
        assert await desk.explain(refused.value, 1) == (
            "You have premium without end already; there is nothing to pay for."
        )

    run(go())
