"""Telegram's list of payments: what is in it and was never given is given.

An update can be missed: it is kept for a day, and a store may be away when it comes. The list stays.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import StarTransaction, TransactionPartnerUser

from legacy_json.errors import KeyReserved
from subscriptions.errors import UnknownCharge
from subscriptions.services.tiers import XTR
from switchyard.facade import Switchyard
from switchyard.facade.answers import TROUBLE
from switchyard.facade.paying import FINAL

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds
PAGE = 100  # the API's own limit
AGE = timedelta(days=30)  # of the oldest that are looked at


class Transactions:
    """Of one bot: pages through the list from its beginning, and then through what was added."""

    def __init__(self, bot: Bot, desk: Switchyard) -> None:
        self._bot, self._desk = bot, desk
        self._read = 0
        self._left: list[StarTransaction] = []  # of people in quarantine

    async def follow(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.read()
            except (*TROUBLE, AiogramError) as error:
                log.warning("Telegram's list of payments is read again in %g s: %s", EVERY, error)
            await asyncio.sleep(EVERY)

    async def read(self) -> None:
        """To its end. Raises what stores raise, and begins there the next time."""
        since = datetime.now(UTC) - AGE
        self._left = [one for one in self._left if not await self._settled(one)]
        while True:
            page = (await self._bot.get_star_transactions(offset=self._read, limit=PAGE)).transactions
            for transaction in page:
                if transaction.date >= since and not await self._settled(transaction):
                    self._left.append(transaction)
                self._read += 1
            if len(page) < PAGE:
                return

    async def _settled(self, transaction: StarTransaction) -> bool:
        """False of one that has to wait for staff. Raises what stores raise."""
        try:
            await self._settle(transaction)
        except KeyReserved as error:
            log.warning("The payment %s waits: %s", transaction.id, error)
            return False
        except (*FINAL, UnknownCharge) as error:
            log.warning("The payment %s: %s", transaction.id, error)
        return True

    async def _settle(self, transaction: StarTransaction) -> None:
        payer, payee = transaction.source, transaction.receiver
        if _bought(payer):
            payload, amount = payer.invoice_payload or "", transaction.amount
            await self._desk.receive_payment(payer.user.id, transaction.id, payload, currency=XTR, total_amount=amount)
        elif _bought(payee):
            await self._desk.refund_payment(transaction.id)


def _bought(partner: object) -> TypeGuard[TransactionPartnerUser]:
    """By an invoice of ours: people pay a bot for other things too, and a bot gives gifts."""
    return isinstance(partner, TransactionPartnerUser) and partner.transaction_type == "invoice_payment"
