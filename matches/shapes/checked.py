"""Documents as they are kept: JSON that both stores can hold, within bounds."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from legacy_json.keys import shown
from migration_control.fields import dumps
from migration_control.service_errors import ServiceError

Document = dict[str, Any]

MOST_BYTES = 1_000_000  # of one document; a real one of five maps has 90,000
MOST_LEVELS = 32  # of nesting; a real one has 7
MOST_ITEMS = 100  # of a history: as many as the API gives at once
MOST_PLAYERS = 100  # named in one document


class BadDocument(ServiceError):
    """Not what the API gives for a match."""

    code: ClassVar[str] = "bad-match-document"

    def __init__(self, fact: str) -> None:
        super().__init__(f"{fact} Nothing was stored; give the API's answer as it came.", fact=fact)


def checked(document: object, name: str) -> Document:
    """A copy that is shared with nobody. Raises BadDocument."""
    if not isinstance(document, dict):
        raise BadDocument(f"{name} is {shown(document)}, not an object.")
    try:
        text = dumps(document)
    except RecursionError:
        raise BadDocument(f"{name} is nested too deep.") from None
    except (TypeError, ValueError) as error:
        raise BadDocument(f"{name} is no JSON: {error}.") from None
    if len(text) > MOST_BYTES:
        raise BadDocument(f"{name} has {len(text)} bytes; {MOST_BYTES} are the most.")
    copy: Document = json.loads(text)
    # As many brackets as there are is the deepest that it could be.
    if text.count("{") + text.count("[") > MOST_LEVELS and _is_deeper(copy, MOST_LEVELS):
        raise BadDocument(f"{name} is nested more than {MOST_LEVELS} levels deep.")
    return copy


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner if type(each) in (dict, list))
