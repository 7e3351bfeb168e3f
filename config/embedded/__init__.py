"""Real PostgreSQL and Valkey from their wheels, for an installation that names no servers of its own."""

from config.embedded.errors import ServerError
from config.embedded.servers import Servers, database_url, redis_url

__all__ = ["ServerError", "Servers", "database_url", "redis_url"]
