"""The example bot, in a process of the demo's own, started again whenever it is killed.

`python -m config.journey.handover.bot FOLDER`: it begins once the folder has a file `people`, and the number of its
process is in `bot.pid`. What it needs besides is in its environment. It ends at SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import django

PEOPLE, PID = "people", "bot.pid"
EVERY = 0.05  # seconds
ENDS = {signal.SIGTERM}


def main(folder: Path) -> int:
    import aiogram  # noqa: F401 - seconds of processor time, once for all that are killed

    while not (folder / PEOPLE).exists():
        time.sleep(EVERY)
    while True:
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # an end between the two would leave a bot that nobody ends
        bot = os.fork()
        if bot == 0:
            sys.exit(_live())
        signal.signal(signal.SIGTERM, lambda *_, bot=bot: os.kill(bot, signal.SIGTERM))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        (folder / PID).write_text(str(bot))
        status = os.waitstatus_to_exitcode(os.waitpid(bot, 0)[1])
        if status != -signal.SIGKILL:
            return status


def _live() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
    django.setup()
    # Django's models can be imported from here on.
    from switchyard.example.bot.__main__ import main as bot

    return bot()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
