"""Whether FACEIT still knows the players, by these names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Protocol

from accounts import services as accounts
from accounts.models import User
from legacy_json.keys import shown
from matches.faceit.errors import FaceitError, NotFound
from migration_control import components
from migration_control.given import BadInput
from switchyard.validating.looking import Look, held
from switchyard.validating.report import ValidationReport
from switchyard.validating.rules import Found
from switchyard.waiting import aside

TOGETHER = 20  # players asked for at a time; the client has its own bound on requests at once


class Faceit(Protocol):
    async def player(self, player_id: str) -> dict[str, Any]: ...


async def ask(report: ValidationReport, faceit: Faceit, now: datetime) -> None:
    """Of everybody who has an account linked. Ends with the first answer that says nothing of a player."""
    look = Look(now, report=report)
    linked: Iterator[User] = iter(accounts.linked())
    while users := await aside(lambda: list(islice(linked, TOGETHER))):
        answers = await asyncio.gather(*(_answer(faceit, user) for user in users))
        found = {user: answer for user, answer in zip(users, answers, strict=True) if isinstance(answer, Found)}
        if found:
            await aside(partial(_tell, found, look))
        silent = next((answer for answer in answers if isinstance(answer, FaceitError)), None)
        if silent is not None:
            look.found("users", None, Found("api-silent", {"reason": str(silent).rstrip(".")}))
            break
    report.arrange()


async def _answer(faceit: Faceit, user: User) -> Found | FaceitError | None:
    player_id = str(user.faceit_player_id)
    try:
        player = await faceit.player(player_id)
    except (NotFound, BadInput):
        return Found("player-unknown", {"player_id": shown(player_id)})
    except FaceitError as error:
        return error
    nickname = player.get("nickname")
    if not isinstance(nickname, str) or nickname == user.faceit_nickname:
        return None
    return Found("nickname-outdated", {"player_id": player_id, "nickname": nickname})


def _tell(found: dict[User, Found], look: Look) -> None:
    """Of those who have not linked another account, or taken that name, meanwhile."""
    records, _ = held(components.get("users"), [user.user_id for user in found])
    for user, each in found.items():
        record = records.get(user.user_id)
        if record is None or record.faceit_player_id != user.faceit_player_id:
            continue
        if record.faceit_nickname != each.facts.get("nickname"):
            look.found("users", user.user_id, each)
