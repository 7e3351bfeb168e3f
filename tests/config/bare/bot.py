"""What a bot does, as it comes out of Django's own start: every call, plain and as a coroutine. Says what it found."""

import asyncio
import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from accounts.models import User  # noqa: E402 - once Django is set up
from conversations.keys import message_key  # noqa: E402
from conversations.models import Message  # noqa: E402

CHAT = 7


def count_up(user: User) -> None:
    user.total_requests += 1


def plain() -> dict[str, Any]:
    users = User.records
    users.create(User(user_id=2, faceit_player_id="two"))
    users.create(User(user_id=3))
    read = users.get(2)
    assert read is not None
    read.language = "en"
    users.save(read)
    users.update(2, count_up)
    users.update_many([2, 3], lambda changes: list(map(count_up, changes.records)))
    users.delete(3)
    return {
        "get": read.language,
        "get_many": sorted(users.get_many([1, 2, 3])),
        "find": [user.pk for user in users.find("faceit_player_id", "two")],
        "iterate": [user.pk for user in users.iterate()],
        "count": users.count(),
        "requests": users.update(2, lambda user: None).total_requests,
    }


async def coroutines() -> dict[str, Any]:
    records, key = Message.records, message_key(CHAT, 1)
    await records.acreate(Message(id=key, text="hello"))
    read = await records.aget(key)
    assert read is not None
    read.text = "changed"
    await records.asave(read)
    await records.aupdate(key, lambda message: setattr(message, "direction", "out"))
    await records.aupdate_many([key], lambda changes: changes.records)
    found = {
        "get_many": [message.text for message in (await records.aget_many([key])).values()],
        "iterate": [message.text async for message in records.aiterate()],
        "count": await records.acount(),
    }
    await records.adelete(key)
    return found | {"after": await records.acount()}


if __name__ == "__main__":
    found = plain() | {"messages": asyncio.run(coroutines())}
    sys.stdout.write(json.dumps(found))
