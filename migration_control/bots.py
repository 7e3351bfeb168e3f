"""The two bots whose files this installation may serve, and where each one's files lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from legacy_json.layouts import Declared, within


class Bot(StrEnum):
    FACEIT = "faceit"
    COMPANION = "companion"

    @property
    def served(self) -> bool:
        return self.value in settings.BOTS

    @property
    def folder(self) -> str:
        """Below LEGACY_DIR; '' for that folder itself."""
        return str(settings.LEGACY_FOLDERS[self.value])

    @property
    def bot_id(self) -> str:
        """What its events and settings carry."""
        return str(settings.BOT_IDS[self.value])


@dataclass(frozen=True)
class Place:
    """One layout of a component, in one bot's folder. without: that bot, which has such files itself, is not served."""

    bot: Bot
    declared: Declared
    without: Bot | None = None

    @property
    def served(self) -> bool:
        return self.bot.served and not (self.without is not None and self.without.served)

    @property
    def layout(self) -> Declared:
        """The layout, relative to LEGACY_DIR."""
        return within(self.declared, self.bot.folder) if self.bot.folder else self.declared


def faceit(declared: Declared, *, without: Bot | None = None) -> Place:
    return Place(Bot.FACEIT, declared, without)


def companion(declared: Declared) -> Place:
    return Place(Bot.COMPANION, declared)
