"""Somebody in a private chat with the bot. Who gets no answer for too long raises Silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from switchyard.example.telegram.server import PATIENCE, Call, Fields, Telegram

_charges = count(1)


@dataclass
class Person:
    telegram: Telegram
    id: int
    language: str = "en"
    name: str = "Ann"
    patience: float = PATIENCE

    @property
    def self(self) -> Fields:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}

    def _message(self, **fields: Any) -> Fields:
        chat = {"id": self.id, "type": "private", "first_name": self.name}
        return {
            "message_id": self.telegram.message_id(),
            "date": int(time.time()),
            "chat": chat,
            "from": self.self,
        } | fields

    def says(self, text: str, *, update_id: int | None = None) -> int:
        """The update's id."""
        command = {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]}
        more = command if text.startswith("/") else {}
        return self.telegram.send("message", self._message(text=text, **more), update_id=update_id)

    def asks(self, text: str) -> str:
        """Says it, and waits for the answer."""
        before = len(self.heard())
        self.says(text)
        return self.hears(before)

    def hears(self, before: int) -> str:
        """What comes after so many answers."""
        found: str = self._until(lambda: self.heard()[before:])
        return found

    def heard(self) -> list[str]:
        return [call.fields["text"] for call in self.telegram.about("sendMessage", self.id)]

    def presses(self, data: str) -> str:
        """Returns what pops up, once the bot has answered."""
        query = {
            "id": self.telegram.query_id(),
            "from": self.self,
            "chat_instance": "1",
            "data": data,
            "message": self._message(text=""),
        }
        self.telegram.send("callback_query", query)
        answer: Call = self._until(lambda: self.telegram.about("answerCallbackQuery", query["id"]))
        return str(answer.fields.get("text", ""))

    def invoice(self, name: str = "premium:monthly") -> Call:
        before = len(self.telegram.about("sendInvoice", self.id))
        self.presses(f"buy:{name}")
        found: Call = self._until(lambda: self.telegram.about("sendInvoice", self.id)[before:])
        return found

    def checks_out(self, payload: str, amount: int, currency: str = "XTR") -> Fields:
        """What the bot answers."""
        query = {
            "id": self.telegram.query_id(),
            "from": self.self,
            "currency": currency,
            "total_amount": amount,
            "invoice_payload": payload,
        }
        self.telegram.send("pre_checkout_query", query)
        answer: Call = self._until(lambda: self.telegram.about("answerPreCheckoutQuery", query["id"]))
        return answer.fields

    def is_charged(self, payload: str, amount: int, charge: str = "", *, listed: bool = True, told: bool = True) -> str:
        """The charge id. listed: in Telegram's ledger. told: to the bot."""
        charge = charge or f"charge-{next(_charges)}"
        if listed:
            payer = {
                "type": "user",
                "transaction_type": "invoice_payment",
                "user": self.self,
                "invoice_payload": payload,
            }
            paid = {"id": charge, "amount": amount, "date": int(time.time()), "source": payer}
            self.telegram.transactions.append(paid)
        if told:
            self.telegram.send("message", self._message(successful_payment=payment(charge, payload, amount)))
        return charge

    def _until(self, what: Callable[[], list[Any]]) -> Any:
        """The first of them."""
        return self.telegram.until(what, self.patience)[0]


def payment(charge: str, payload: str, amount: int, currency: str = "XTR") -> Fields:
    return {
        "currency": currency, "total_amount": amount, "invoice_payload": payload,
        "telegram_payment_charge_id": charge, "provider_payment_charge_id": "",
    }  # fmt: skip
