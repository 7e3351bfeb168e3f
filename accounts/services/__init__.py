"""What the bot does with users, the same in every stage. Each call writes the fields that it changes, and no others.

Besides what each says, all raise given.BadInput, and what `Model.records` raises: of routing.errors when the store
cannot be reached, KeyReserved for a user whose record is in quarantine.
"""

from accounts.services.activity import count_request, set_last_checked_match, touch
from accounts.services.linking import check_nickname, link, unlink
from accounts.services.looking import linked, search, statistics
from accounts.services.users import check_language, get, get_or_create, set_preferences

__all__ = [
    "check_language", "check_nickname", "count_request", "get", "get_or_create", "link", "linked", "search",
    "set_last_checked_match", "set_preferences", "statistics", "touch", "unlink",
]  # fmt: skip
