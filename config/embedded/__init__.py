"""Real PostgreSQL and Valkey from their wheels, for an installation that names no servers of its own."""

from .errors import ServerError
from .servers import Servers, database_url, redis_url

__all__ = ["ServerError", "Servers", "database_url", "redis_url"]
