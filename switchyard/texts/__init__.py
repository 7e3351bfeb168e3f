"""What a person reads: a text for each code, in Russian and English, plain and without markup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from switchyard.texts import en, ru

DEFAULT = "ru"  # the bots' own
LANGUAGES: Mapping[str, Mapping[str, str]] = {"ru": ru.TEXTS, "en": en.TEXTS}


def chosen(language: object) -> str:
    """ru or en: of a user's language, which may be any; whoever has said nothing is spoken to in Russian."""
    if not isinstance(language, str) or not language:
        return DEFAULT
    return "ru" if language.lower().startswith("ru") else "en"


def say(code: str, language: object, **facts: object) -> str:
    """The text of a code, one that nobody knows too. A fact that is missing is a dash."""
    texts = LANGUAGES[chosen(language)]
    return texts.get(code, texts["refused"]).format_map(Facts(facts))


def local(moment: datetime | None) -> str:
    """In BOT_TIME_ZONE, as people of either language read it."""
    return "" if moment is None else f"{moment.astimezone(ZoneInfo(settings.BOT_TIME_ZONE)):%Y-%m-%d %H:%M}"


class Facts(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "—"
