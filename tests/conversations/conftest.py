"""As of analytics: the same bot's components in each stage."""

from tests.analytics.conftest import bot, child, ground, hang_guard, points, staged

__all__ = ["bot", "child", "ground", "hang_guard", "points", "staged"]
