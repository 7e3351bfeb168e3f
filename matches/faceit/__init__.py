"""A client of the FACEIT Data API v4."""

from matches.faceit.client import FaceitClient, from_settings
from matches.faceit.errors import BadAnswer, FaceitError, NotFound, RateLimited, Unauthorized, Unavailable

__all__ = [
    "BadAnswer", "FaceitClient", "FaceitError", "NotFound", "RateLimited", "Unauthorized", "Unavailable",
    "from_settings",
]  # fmt: skip
