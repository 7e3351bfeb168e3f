"""What the demo's handlers write: of each component some records of their own, and of some a few that were imported.

Each write leaves a token in a text of the record that it changes, behind those of the writes before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from legacy_json.keys import Key
from migration_control import components
from migration_control.bots import Bot
from migration_control.components import Component

FIRST = 8_100_000_000  # of the numbers that the demo gives to users and chats: no bot's are so high
EACH = 100_000  # numbers of one process
CHAT, MONTH = str(FIRST), "209901"  # the lists that messages and events are appended to: no bot has them
MARK = "demo"  # what each token begins with


@dataclass(frozen=True)
class Subject:
    """text: the field with the tokens. key: of the n-th record of a process; None where it is appended to `stem`.

    imported: how many records of the bot's are changed too. of: the component whose record there has to be.
    """

    component: str
    text: str
    key: Callable[[int, int], Key] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    stem: str | None = None
    imported: int = 0
    of: str = ""

    @property
    def known(self) -> Component:
        return components.get(self.component)

    def make(self, key: Key | None, token: str) -> Any:
        """A new record; its key is given to it later, if None."""
        named = {} if key is None else {"pk": key}
        return self.known.model(**named, **self.values, **{self.text: token})

    def is_ours(self, key: Key) -> bool:
        """Whether it is of a record that some handler of the demo has made."""
        if isinstance(key, int):
            return key >= FIRST
        return key.startswith(f"{MARK}_" if self.stem is None else f"{self.stem}:")

    def mark(self, record: Any, token: str) -> None:
        text = getattr(record, self.text)
        setattr(record, self.text, f"{text} {token}" if isinstance(text, str) and text else token)

    def tokens(self, record: Any) -> Counter[str]:
        """Those in the record, and how often each is there: once."""
        text = getattr(record, self.text)
        found = text.split() if isinstance(text, str) else []
        return Counter(word for word in found if word.startswith(MARK))


def _number(process: int, number: int) -> Key:
    return FIRST + process * EACH + number


def _name(process: int, number: int) -> Key:
    return f"{MARK}_{process}_{number}"


USERS = Subject("users", "last_checked_match_id", _number, {"language": "en"}, imported=10)
SUBSCRIPTIONS = Subject("subscriptions", "payment_method", _number, {"tier": "pro"}, imported=10, of="users")
MATCHES = Subject("matches", "competition_name", _name, {"status": "ongoing"}, imported=5)
PROFILES = Subject("profiles", "previous_response_id", _number, {"name": "Newcomer"}, imported=10)
MESSAGES = Subject("conversations", "text", None, {"direction": "in"}, CHAT, imported=10)
SETTINGS = Subject("configuration", "value", _name)
EVENTS = Subject("analytics", "event_data", None, {"bot_id": "companion", "event_type": "command"}, MONTH)

SUBJECTS = {s.component: s for s in (USERS, SUBSCRIPTIONS, MATCHES, PROFILES, MESSAGES, SETTINGS, EVENTS)}


def written(names: list[str]) -> list[Subject]:
    """Those of these components: only the companion bot has lists that can be appended to."""
    found = [SUBJECTS[name] for name in names if name in SUBJECTS]
    return [subject for subject in found if subject.stem is None or Bot.COMPANION.served]
