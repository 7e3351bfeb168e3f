"""What the bot says of itself; what a service answers is in switchyard.texts."""

# ruff: noqa: RUF001

from __future__ import annotations

from collections.abc import Mapping

from switchyard.texts import Facts, chosen

EN = {
    "welcome": "Hello, {name}! /link links your FACEIT account, /analyse analyses a match, /subscription shows what you"
    " have, /refer invites a friend, /settings changes the language. In this chat I keep what you write.",
    "referred": "The referral code was applied.",
    "how-to-link": "Send /link and your FACEIT nickname, as in /link s1mple.",
    "linked": "Your FACEIT account is linked.",
    "how-to-analyse": "Send /analyse and the link to a match of FACEIT.",
    "buy": "{tier}, {days} days: {price} Stars",
    "paid-later": "Thank you! The payment has come, and is credited within minutes.",
    "terms": "A subscription lasts as many days as the invoice says, and does not renew itself. What it offers: "
    "/subscription. About a payment ask with /paysupport; Telegram cannot help with it.",
    "how-to-ask": "Send /paysupport and your question, with the id of the payment, which Telegram's settings have under"
    " My Stars.",
    "asked": "The owner of the bot has your question, and will answer you.",
    "refer": "Your referral code is {referral_code}. Whoever follows this link is counted as invited by you: {link}",
    "settings": "Language: {language}. Notifications: {notifications}.",
    "language-ru": "Русский",
    "language-en": "English",
    "notifications-on": "Notifications on",
    "notifications-off": "Notifications off",
    "on": "on",
    "off": "off",
    "kept": "I have kept that. Messages of yours: {count}.",
    "profile": "{name}. Messages of yours: {count}. Last summary: {summary}",
    "no-summary": "none yet",
    "no-messages": "You have not written anything yet.",
    "summary": "{count} messages, the last of them: {last}",
    "how-to-refund": "Send /refund and the charge id.",
    "refunded": "The charge {charge_id} of user {user_id} is refunded.",
    "refused-by-telegram": "Telegram did not refund it: {why} It is taken back here; send the command again.",
    "not-for-you": "That is for the owner of the bot.",
}

RU = {
    "welcome": "Здравствуйте, {name}! /link привяжет аккаунт FACEIT, /analyse разберёт матч, /subscription покажет"
    " подписку, /refer пригласит друга, /settings сменит язык. В этом чате я храню то, что вы пишете.",
    "referred": "Реферальный код принят.",
    "how-to-link": "Отправьте /link и свой никнейм FACEIT, например /link s1mple.",
    "linked": "Аккаунт FACEIT привязан.",
    "how-to-analyse": "Отправьте /analyse и ссылку на матч FACEIT.",
    "buy": "{tier}, дней: {days}, звёзд: {price}",
    "paid-later": "Спасибо! Платёж получен и будет зачтён в течение нескольких минут.",
    "terms": "Подписка действует столько дней, сколько указано в счёте, и сама не продлевается. Что в неё входит: "
    "/subscription. О платеже спросите через /paysupport: Telegram с этим не поможет.",
    "how-to-ask": "Отправьте /paysupport и вопрос с номером платежа: он в настройках Telegram, в разделе «Мои звёзды».",
    "asked": "Владелец бота получил ваш вопрос и ответит вам.",
    "refer": "Ваш реферальный код: {referral_code}. Кто придёт по этой ссылке, приглашён вами: {link}",
    "settings": "Язык: {language}. Уведомления: {notifications}.",
    "language-ru": "Русский",
    "language-en": "English",
    "notifications-on": "Включить уведомления",
    "notifications-off": "Выключить уведомления",
    "on": "включены",
    "off": "выключены",
    "kept": "Сохранено. Ваших сообщений: {count}.",
    "profile": "{name}. Ваших сообщений: {count}. Последнее резюме: {summary}",
    "no-summary": "пока нет",
    "no-messages": "Вы ещё ничего не написали.",
    "summary": "Сообщений: {count}, последнее: {last}",
    "how-to-refund": "Отправьте /refund и номер платежа.",
    "refunded": "Платёж {charge_id} пользователя {user_id} возвращён.",
    "refused-by-telegram": "Telegram его не вернул: {why} Здесь он отменён; отправьте команду ещё раз.",
    "not-for-you": "Это может только владелец бота.",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": EN, "ru": RU}

# The list of commands that Telegram shows.
COMMANDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "start": "register", "link": "link a FACEIT account", "analyse": "analyse a match",
        "subscription": "what you have", "refer": "invite a friend", "profile": "this chat", "summary": "sum it up",
        "settings": "language and notifications", "terms": "what a subscription is",
        "paysupport": "ask about a payment",
    },
    "ru": {
        "start": "зарегистрироваться", "link": "привязать аккаунт FACEIT", "analyse": "разобрать матч",
        "subscription": "ваша подписка", "refer": "пригласить друга", "profile": "этот чат", "summary": "подвести итог",
        "settings": "язык и уведомления", "terms": "условия подписки", "paysupport": "спросить о платеже",
    },
}  # fmt: skip


def text(code: str, language: object, /, **facts: object) -> str:
    return TEXTS[chosen(language)][code].format_map(Facts(facts))
