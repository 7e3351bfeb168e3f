"""Invented users, in the three generations of record that the bot's file holds."""

from __future__ import annotations

import string
from datetime import datetime, timedelta
from random import Random

from switchyard.example.dates import moment
from switchyard.example.planting import Document, uuid

SYLLABLES = ("ba", "den", "fro", "gri", "ka", "lum", "mo", "nix", "or", "pla", "que", "rus", "ti", "vok", "zed")
ENDINGS = ("", "", "", "77", "_x", "игрок", "щит", "é", "火", "🔥")
PER_DAY = {"free": 10, "premium": 100, "pro": 1000}


class People:
    """Makes users one after the other, all different, from one source of chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._ids: list[int] = []
        self._taken: set[int] = set()
        self._codes: set[str] = set()

    def oldest(self) -> Document:
        """Generation A: four keys."""
        linked = self.chance.random() < 0.3
        return {
            "user_id": self._new_id(),
            "faceit_player_id": uuid(self.chance) if linked else None,
            "faceit_nickname": self.nickname() if linked else None,
            "last_checked_match_id": f"1-{uuid(self.chance)}" if linked and self.chance.random() < 0.7 else None,
        }

    def subscribed(self) -> Document:
        """Generation B: everything, with the subscription embedded."""
        return self.newest() | {"subscription": self.subscription()}

    def newest(self) -> Document:
        """Generation C: B without the subscription."""
        created = moment(self.chance)
        return self.oldest() | {
            "waiting_for_nickname": self.chance.random() < 0.05,
            "language": self.chance.choice(("ru", "ru", "ru", "en")),
            "notifications_enabled": self.chance.random() < 0.9,
            "created_at": created.isoformat(),
            "last_active_at": self.later(created) if self.chance.random() < 0.8 else None,
            "total_requests": int(self.chance.expovariate(1 / 40)),
        }

    def anybody(self) -> Document:
        """One of the three, as they are mixed in the file."""
        share = self.chance.random()
        return self.oldest() if share < 0.2 else self.subscribed() if share < 0.7 else self.newest()

    def subscription(self) -> Document:
        """Free for most."""
        tier = self.chance.choices(("free", "premium", "pro"), (85, 11, 4))[0]
        paid = tier != "free"
        inviter = self.chance.choice(self._ids) if len(self._ids) > 10 and self.chance.random() < 0.1 else None
        return {
            "tier": tier,
            "expires_at": self.later(moment(self.chance)) if paid else None,
            "auto_renew": paid and self.chance.random() < 0.3,
            "payment_method": self.chance.choice(("telegram_stars", "referral_bonus")) if paid else None,
            "daily_requests": self.chance.randrange(PER_DAY[tier]),
            "last_reset_date": moment(self.chance).isoformat() if self.chance.random() < 0.7 else None,
            "referred_by": inviter,
            "referral_code": self._code() if self.chance.random() < 0.25 else None,
            "referrals_count": self.chance.choice((0, 0, 0, 0, 1, 2, 5)),
        }

    def nickname(self) -> str:
        """Some with letters beyond ASCII, some beyond the BMP."""
        return "".join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 4))) + self.chance.choice(ENDINGS)

    def later(self, start: datetime) -> str:
        """Up to three months after."""
        return (start + timedelta(seconds=self.chance.randrange(90 * 86_400))).isoformat()

    def _new_id(self) -> int:
        """Two in three beyond 32 bits, as Telegram's are today."""
        while True:
            low, high = self.chance.choice(((10**8, 2**31), (2**32, 8 * 10**9), (2**32, 8 * 10**9)))
            number = self.chance.randrange(low, high)
            if number not in self._taken:
                self._taken.add(number)
                self._ids.append(number)
                return number

    def _code(self) -> str:
        while True:
            code = "".join(self.chance.choices(string.ascii_uppercase + string.digits, k=8))
            if code not in self._codes:
                self._codes.add(code)
                return code
