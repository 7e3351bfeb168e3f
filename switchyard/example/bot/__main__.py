"""`python -m switchyard.example.bot`, with TELEGRAM_BOT_TOKEN; TELEGRAM_API_URL names another Bot API server."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import sys

import switchyard
from switchyard.errors import HostingError
from switchyard.example.bot.options import WrongOptions, options


def main() -> int:
    if importlib.util.find_spec("aiogram") is None:
        return _refuse("aiogram is not installed. Install it: pip install 'switchyard[example]'.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        given = options(os.environ)
        switchyard.setup()
    except (WrongOptions, HostingError) as error:
        return _refuse(str(error))
    # Django's models can be imported from here on.
    from aiogram.exceptions import TelegramUnauthorizedError

    from switchyard.example.bot.running import serve

    try:
        asyncio.run(serve(given))
    except TelegramUnauthorizedError:
        return _refuse("Telegram does not know the token. Ask @BotFather for it, and set TELEGRAM_BOT_TOKEN.")
    return 0


def _refuse(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
