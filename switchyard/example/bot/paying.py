"""Subscriptions bought with Telegram Stars, and given back."""

from __future__ import annotations

import logging
import re

from aiogram import Bot, F, Router
from aiogram.exceptions import TelegramAPIError
from aiogram.filters import Command, CommandObject
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
    RefundedPayment,
    SuccessfulPayment,
    User,
)

from switchyard.example.bot.options import Options
from switchyard.example.bot.texts import text
from switchyard.facade import Switchyard
from switchyard.facade.answers import TROUBLE, told
from switchyard.facade.paying import FINAL

log = logging.getLogger(__name__)
router = Router(name="paying")

LONGEST = 2000  # characters of a question: Telegram counts an emoji as two
REFUNDED_BEFORE = "CHARGE_ALREADY_REFUNDED"


@router.message(Command("subscription"), F.from_user.as_("person"))
async def subscription(message: Message, person: User, desk: Switchyard, language: str) -> None:
    buttons = [
        [
            InlineKeyboardButton(
                text=text("buy", language, **offer._asdict()), callback_data=f"buy:{offer.tier}:{offer.period}"
            )
        ]
        for offer in desk.get_offers()
    ]
    said = await desk.format_subscription_status(person.id)
    await message.answer(said, reply_markup=InlineKeyboardMarkup(inline_keyboard=buttons))


@router.callback_query(F.data.regexp(r"^buy:(\w+):(\w+)$").as_("wish"))
async def buy(query: CallbackQuery, wish: re.Match[str], bot: Bot, desk: Switchyard) -> None:
    invoice = await desk.create_invoice(query.from_user.id, *wish.groups())
    await bot.send_invoice(
        query.message.chat.id if query.message else query.from_user.id,
        title=invoice.title,
        description=invoice.description,
        payload=invoice.payload,
        currency=invoice.currency,
        prices=[LabeledPrice(label=invoice.label, amount=invoice.amount)],
    )
    await query.answer()


@router.pre_checkout_query()
async def checkout(query: PreCheckoutQuery, desk: Switchyard, language: str) -> None:
    """The last moment to say no without money having gone anywhere."""
    try:
        await desk.check_payment(
            query.from_user.id, query.invoice_payload, currency=query.currency, total_amount=query.total_amount
        )
    except TROUBLE as error:
        await query.answer(ok=False, error_message=told(error, language))
    else:
        await query.answer(ok=True)


@router.message(F.successful_payment.as_("payment"), F.from_user.as_("person"))
async def paid(message: Message, payment: SuccessfulPayment, person: User, desk: Switchyard, language: str) -> None:
    """Telegram sends this again until it is acknowledged; switchyard.example.bot.transactions finds what was missed."""
    charge_id = payment.telegram_payment_charge_id
    try:
        receipt = await desk.receive_payment(
            person.id,
            charge_id,
            payment.invoice_payload,
            currency=payment.currency,
            total_amount=payment.total_amount,
        )
    except FINAL as error:
        log.error("The charge %s of user %d gives nothing: %s", charge_id, person.id, error)  # noqa: TRY400
        await message.answer(told(error, language))
    except TROUBLE as error:
        log.warning("The charge %s waits for the next look at Telegram's list of payments: %s", charge_id, error)
        await message.answer(text("paid-later", language))
    else:
        await message.answer(await desk.explain(receipt, person.id, language))


@router.message(F.refunded_payment.as_("payment"))
async def taken_back(message: Message, payment: RefundedPayment, desk: Switchyard) -> None:
    """By whoever it was refunded: here it is taken back too."""
    del message
    await desk.refund_payment(payment.telegram_payment_charge_id)


@router.message(Command("terms"))
async def terms(message: Message, language: str) -> None:
    """Telegram asks every bot that takes Stars for this command and the next."""
    await message.answer(text("terms", language))


@router.message(Command("paysupport"), F.from_user.as_("person"))
async def paysupport(
    message: Message, command: CommandObject, person: User, bot: Bot, options: Options, language: str
) -> None:
    if options.owner is None or not command.args:
        await message.answer(text("how-to-ask", language))
        return
    await bot.send_message(options.owner, f"{person.full_name} ({person.id}): {command.args}"[:LONGEST])
    await message.answer(text("asked", language))


@router.message(Command("refund"), F.from_user.as_("person"))
async def refund(
    message: Message,
    command: CommandObject,
    person: User,
    bot: Bot,
    desk: Switchyard,
    options: Options,
    language: str,
) -> None:
    """Ours first, which says who paid: the command may be repeated until Telegram has done its part."""
    if options.owner is None or person.id != options.owner:
        await message.answer(text("not-for-you", language))
        return
    if not command.args:
        await message.answer(text("how-to-refund", language))
        return
    receipt = await desk.refund_payment(command.args.strip())
    try:
        await bot.refund_star_payment(receipt.user_id, receipt.charge_id)
    except TelegramAPIError as error:
        if REFUNDED_BEFORE not in str(error):
            await message.answer(text("refused-by-telegram", language, why=error.message))
            return
    await message.answer(text("refunded", language, charge_id=receipt.charge_id, user_id=receipt.user_id))
