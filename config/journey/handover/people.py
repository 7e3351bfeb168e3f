"""A process with a Telegram of the demo's own, and people who talk to the example bot through it.

`python -m config.journey.handover.people FOLDER NUMBER PORT COMPONENT...`: what the bot answers them is noted in the
folder. It ends at SIGTERM.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

from config.journey.handover.notes import Answered, Kind, Notebook, Outcome
from config.journey.handover.subjects import EACH, FIRST, MARK
from switchyard.example.bot.texts import EN, RU
from switchyard.example.telegram.people import Person
from switchyard.example.telegram.server import Silence, serving
from switchyard.texts import en, ru

AT_ONCE = 5  # people
PAUSE = 0.4  # seconds between two things that somebody does, on average
PATIENCE = 20.0  # seconds; whoever has no answer by then leaves, and somebody else comes
OFFER = "premium:monthly"
DOINGS: dict[Kind, int] = {"message": 8, "language": 2, "payment": 2}

TEXTS = ({**en.TEXTS, **EN}, {**ru.TEXTS, **RU})

Told = tuple[str, Outcome]
Doing = Callable[[], Told]


def main(folder: Path, number: int, port: int, names: list[str]) -> None:
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    kinds: list[Kind] = [kind for kind in DOINGS if kind != "message" or "conversations" in names]
    book, numbers = Notebook(folder, number), count(FIRST + number * EACH)
    lock = threading.Lock()

    def note(answer: Answered) -> None:
        with lock:
            book.note(answer)

    with serving(port) as telegram:

        def come() -> None:
            while not ended.is_set():
                Visit(Person(telegram, next(numbers), "en", patience=PATIENCE), kinds, note).go(ended)

        for _ in range(AT_ONCE):
            threading.Thread(target=come, daemon=True).start()
        ended.wait()


class Visit:
    """Of one person. note: is told of each answer, and of each that did not come."""

    def __init__(self, person: Person, kinds: list[Kind], note: Callable[[Answered], None]) -> None:
        self._person, self._kinds, self._note = person, kinds, note
        self._random = Random(person.id)  # noqa: S311 - what is drawn by lot is traffic
        self._tokens, self._left = count(1), False
        self._doings: dict[Kind, Doing] = {
            "person": self._begin, "message": self._talk, "language": self._choose, "payment": self._buy,
        }  # fmt: skip

    def go(self, ended: threading.Event) -> None:
        """Until the end, or a silence: nobody could tell to what a later answer belongs."""
        while not self._try("person"):
            if self._left or ended.wait(PAUSE):
                return
        weights = [DOINGS[kind] for kind in self._kinds]
        while not (self._left or ended.wait(2 * PAUSE * self._random.random())):
            (kind,) = self._random.choices(self._kinds, weights)
            self._try(kind)

    def _try(self, kind: Kind) -> bool:
        began = time.monotonic()
        try:
            what, outcome = self._doings[kind]()
        except Silence:
            self._left, what, outcome = True, "", "unknown"
        self._note(Answered(kind, self._person.id, what, outcome, round(time.monotonic() - began, 4)))
        return outcome == "acknowledged"

    # Each returns what it was about, and what became of it

    def _begin(self) -> Told:
        return "", _told(self._person.asks("/start"), "welcome")

    def _talk(self) -> Told:
        said = f"{MARK}{self._person.id}.{next(self._tokens)}"
        return said, _told(self._person.asks(said), "kept")

    def _choose(self) -> Told:
        language = self._random.choice(("ru", "en"))
        return language, "refused" if self._person.presses(f"set:language:{language}") else "acknowledged"

    def _buy(self) -> Told:
        """A payment that is not given yet is in the stores by the end, and nobody was told when."""
        if self._person.presses(f"buy:{OFFER}"):
            return "", "refused"
        invoice = self._person.telegram.about("sendInvoice", self._person.id)[-1].fields
        payload, amount = invoice["payload"], invoice["prices"][0]["amount"]
        if self._person.checks_out(payload, amount)["ok"] != "true":
            return "", "refused"
        heard = len(self._person.heard())
        charge = self._person.is_charged(payload, amount, f"{MARK}-{self._person.id}-{next(self._tokens)}")
        outcome = _told(self._person.hears(heard), "payment-completed")
        return charge, outcome if outcome == "acknowledged" else "unknown"


def _told(answer: str, code: str) -> Outcome:
    return "acknowledged" if answer.startswith(_beginnings(code)) else "refused"


def _beginnings(code: str) -> tuple[str, ...]:
    """Of a text in either language, up to its first fact."""
    return tuple(texts[code].partition("{")[0] for texts in TEXTS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
