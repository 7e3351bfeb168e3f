"""What people say to each other, in a few scripts."""

from __future__ import annotations

from random import Random

PHRASES = (
    "Good morning!",
    "ok",
    "How was the concert?\nDid they play the old songs?",
    'I will bring "the blue one", and a tab:\there',
    "Backslashes \\ and {braces} and [brackets], too.",
    "Доброе утро! Как спалось?",
    "Ничего особенного, читаю.",
    "Grüße aus Köln, bis später …",
    "שלום, מה שלומך היום?",
    "\u200fمرحبا، كيف حالك؟\u200f (نعم!)",  # noqa: RUF001
    "おはよう。今日は雨ですね。",
    "😂😂😂",
    "👩‍👩‍👧‍👦 say hi 👋🏾",
    "e\u0301 is not é",
    "https://example.org/?q=1&lang=en#top",
    "/start",
)
LONG = 40  # phrases


def phrase(chance: Random) -> str:
    return chance.choice(PHRASES)


def speech(chance: Random) -> str:
    """Mostly one phrase, seldom a long text of many lines."""
    if chance.random() < 0.97:
        return phrase(chance)
    return "\n\n".join(phrase(chance) for _ in range(chance.randint(LONG // 2, LONG)))
