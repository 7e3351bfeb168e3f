"""Logging: one line per record on standard error, a logger per app."""

from typing import Any

APPS = (
    "accounts",
    "subscriptions",
    "matches",
    "analytics",
    "conversations",
    "migration_control",
    "legacy_json",
    "switchyard",
    "config",
)


def logging(level: str, echo_sql: bool) -> dict[str, Any]:
    """Return Django's LOGGING with `level` for the project's apps; `echo_sql` shows every statement (DB_ECHO_SQL)."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "format": "{asctime} {levelname} {processName}[{process}] {name}: {message}",
                "style": "{",
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            **{app: {"level": level} for app in APPS},
            # Celery says at INFO that beat sent its tick and a worker took it: every two seconds, four lines.
            "celery": {"level": "INFO" if level == "DEBUG" else "WARNING"},
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.db.backends": {"level": "DEBUG" if echo_sql else "INFO"},
        },
    }
