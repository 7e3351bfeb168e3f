"""Match ids, and the links to FACEIT's rooms that people paste."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlsplit

from legacy_json.keys import shown
from migration_control.service_errors import ServiceError

LONGEST = 2048  # characters of a link
HOSTS = ("faceit.com", "www.faceit.com", "beta.faceit.com", "m.faceit.com")

_uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_id = re.compile(rf"[0-9]{{1,2}}-{_uuid}", re.ASCII).fullmatch
_old_id = re.compile(_uuid, re.ASCII).fullmatch
_language = re.compile(r"\{lang\}|[a-z]{2,3}(-[a-z]{2,4})?", re.ASCII | re.IGNORECASE).fullmatch
_game = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII | re.IGNORECASE).fullmatch


class BadLink(ServiceError):
    """Neither a link to a match room nor a match id."""

    code: ClassVar[str] = "bad-match-link"

    def __init__(self, given: object) -> None:
        super().__init__(
            f"{shown(given)} is not a FACEIT match. Send the link to its room, as"
            " https://www.faceit.com/en/cs2/room/1-..., or its id.",
            given=shown(given),
        )


def match_id_of(given: str) -> str:
    """The match id, in lower case, of a room's link or of an id as it stands. Raises BadLink.

    A link may have any language ({lang} itself too), no scheme, a page behind the id (/scoreboard), a query.
    """
    if not isinstance(given, str) or len(given) > LONGEST:
        raise BadLink(given)
    text = given.strip()
    found = text.lower() if _id(text.lower()) else _in_link(text)
    if found is None:
        raise BadLink(given)
    return found


def is_match_id(value: object) -> bool:
    """As documents have them: matches of before 2018 have no number before theirs."""
    return isinstance(value, str) and bool(_id(value) or _old_id(value))


def _in_link(text: str) -> str | None:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname
        parts.port  # noqa: B018 - looked at because it may not be a number
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in HOSTS or parts.username is not None:
        return None
    match [part for part in parts.path.split("/") if part]:
        case [language, game, "room", id, *_] if _language(language) and _game(game):
            return id.lower() if _id(id.lower()) else None
        case [game, "room", id, *_] if _game(game):
            return id.lower() if _id(id.lower()) else None
    return None
