"""Settings, all from the environment: see .env.example for each variable with its range."""

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from celery.schedules import crontab
from redis.backoff import NoBackoff
from redis.retry import Retry

from legacy_json import protocol

from . import connections
from .environment import BASE_DIR as BASE_DIR
from .environment import (
    EXAMPLE_ZONE,
    boolean,
    choice,
    folder,
    hosted,
    names,
    number,
    numbers,
    origins,
    path,
    read,
    several,
    subfolder,
    time_zone,
    var_dir,
    web_address,
)
from .logs import logging
from .secret_files import secret

django_stubs_ext.monkeypatch()

env = read()
ENVIRONMENT_PROBLEMS = env.problems

VAR_DIR = var_dir(env)
# In a bot's own process (switchyard.setup), whose clock, logging and Celery are the bot's affair.
HOSTED = hosted()

# What the operator expects; where a component really stands is in its row and its fence. See docs/operate.md.
STORAGE_BACKEND = env.get(
    "STORAGE_BACKEND", choice("json", "dual", "postgresql"), "dual", id="E025", expects="json, dual or postgresql"
)
ENABLE_SERVICES = env.get("ENABLE_SERVICES", boolean, True, id="E026", expects="true or false")
if STORAGE_BACKEND != "json" and not ENABLE_SERVICES:
    env.problem(
        "E026",
        f"STORAGE_BACKEND is {STORAGE_BACKEND}, but ENABLE_SERVICES is false, which leaves it no database.",
        "Set ENABLE_SERVICES=true, or STORAGE_BACKEND=json.",
    )
SERVICE_FALLBACK_ENABLED = env.get("SERVICE_FALLBACK_ENABLED", boolean, True, id="E027", expects="true or false")
# False: this process looks for neither PostgreSQL nor Redis, and starts none; the files and the index are all.
DATABASE_USED = STORAGE_BACKEND != "json" or ENABLE_SERVICES

_database = connections.database(env, VAR_DIR) if DATABASE_USED else connections.no_database()
_redis = connections.redis_server(env, VAR_DIR) if DATABASE_USED else connections.no_redis()
EMBEDDED_DATABASE = _database.embedded
EMBEDDED_REDIS = _redis.embedded

# Web

DEBUG = env.get("DEBUG", boolean, False, id="E005", expects="true or false")
# Never empty, so that settings load and the check is shown; such a key protects nothing, and nothing serves with it.
SECRET_KEY = env.text("SECRET_KEY") or (secret(VAR_DIR, "django") if EMBEDDED_DATABASE else os.urandom(50).hex())
_web_of_its_own = DATABASE_USED and not EMBEDDED_DATABASE
if _web_of_its_own and not env.text("SECRET_KEY"):
    env.problem(
        "E006",
        "SECRET_KEY is not set, and only the embedded mode makes one.",
        "Set SECRET_KEY to the output of: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
    )
WEB_HOST = env.text("WEB_HOST") or "127.0.0.1"
WEB_PORT = env.get("WEB_PORT", number(1, 65535), 8000, id="E007", expects="a port, 1-65535")
WEB_HTTPS = env.get("WEB_HTTPS", boolean, False, id="E005", expects="true or false")
ALLOWED_HOSTS = env.get("ALLOWED_HOSTS", names, list[str](), id="E008", expects="host names, comma-separated")
if not ALLOWED_HOSTS and EMBEDDED_DATABASE:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", WEB_HOST]
if _web_of_its_own and not ALLOWED_HOSTS and not DEBUG:
    env.problem("E008", "ALLOWED_HOSTS is not set.", "Set ALLOWED_HOSTS to the admin's host names, comma-separated.")
CSRF_TRUSTED_ORIGINS = env.get(
    "CSRF_TRUSTED_ORIGINS",
    origins,
    list[str](),
    id="E009",
    expects="origins with their scheme, https://admin.example.org",
)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = WEB_HTTPS
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if WEB_HTTPS else 0
# A bot's control room does not decide for the other hosts of its owner's domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

INSTALLED_APPS = [
    __package__,
    "accounts",
    "subscriptions",
    "matches",
    "analytics",
    "conversations",
    "migration_control",
    "legacy_json",
    "pgtrigger",
    "django_celery_beat",
    f"{__package__}.apps.ControlRoomConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = f"{__package__}.urls"
WSGI_APPLICATION = f"{__package__}.wsgi.application"
ASGI_APPLICATION = f"{__package__}.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
STATIC_URL = "static/"
# Static files straight from the packages: nothing to collect before a start.
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
# Django puts it into the process's TZ: a bot's own clock would change. switchyard.setup names it once that is past.
TIME_ZONE = "" if HOSTED else "UTC"
FORMAT_MODULE_PATH = f"{__package__}.formats"

# Database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DB_MIN_POOL_SIZE = env.get("DB_MIN_POOL_SIZE", number(0, 1000), 5, id="E010", expects="a number, 0-1000")
DB_MAX_POOL_SIZE = env.get("DB_MAX_POOL_SIZE", number(1, 1000), 20, id="E010", expects="a number, 1-1000")
if DB_MIN_POOL_SIZE > DB_MAX_POOL_SIZE:
    env.problem(
        "E010",
        f"DB_MIN_POOL_SIZE is {DB_MIN_POOL_SIZE}, DB_MAX_POOL_SIZE only {DB_MAX_POOL_SIZE}.",
        "Set DB_MAX_POOL_SIZE to at least DB_MIN_POOL_SIZE.",
    )
# Set by wsgi.py and asgi.py. A pool is per process and does not survive a fork: workers and commands hold one
# connection, opened when they first use it.
DB_POOL = env.get("DB_POOL", boolean, False, id="E005", expects="true or false")
# For copies from JSON, which are the same few statements again and again; Django's own are never prepared.
DB_PREPARE = env.get("DB_PREPARE", boolean, True, id="E005", expects="true or false")


def _database_entry(entry: dict[str, Any]) -> dict[str, Any]:
    ours = {"application_name": protocol.NAME, "connect_timeout": 5, "prepare_threshold": 2 if DB_PREPARE else None}
    options = ours | entry.get("OPTIONS", {})
    if DB_POOL:
        options["pool"] = {"min_size": min(DB_MIN_POOL_SIZE, DB_MAX_POOL_SIZE), "max_size": DB_MAX_POOL_SIZE}
    return entry | {"OPTIONS": options, "CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 0 if DB_POOL else 600}


DATABASES = {"default": _database_entry(_database.entry)}
PGTRIGGER_MIGRATIONS = True

# Redis: broker and cache

REDIS_MAX_CONNECTIONS = env.get("REDIS_MAX_CONNECTIONS", number(1, 10000), 50, id="E011", expects="a number, 1-10000")
REDIS_URL = _redis.url
_redis_cache = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": _redis.cache_url,
        "KEY_PREFIX": "switchyard",
        "OPTIONS": {
            "CONNECTION_POOL_KWARGS": {
                **({} if _redis.server.startswith("unix:") else {"socket_connect_timeout": 2}),
                "socket_timeout": 2,
                "max_connections": REDIS_MAX_CONNECTIONS,
                # redis-py would try ten times, for seconds, while a handler waits.
                "retry": Retry(NoBackoff(), 1),
            }
        },
    }
}
CACHES = _redis_cache if DATABASE_USED else {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_BROKER_URL = _redis.broker_url if DATABASE_USED else "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Above every task's hard time limit, or Redis hands a running task to a second worker.
    "visibility_timeout": 7200,
    "max_connections": REDIS_MAX_CONNECTIONS,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_TASK_IGNORE_RESULT = True
# No results, so beat needs no task that cleans them up.
CELERY_RESULT_EXPIRES = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 360
CELERY_TASK_DEFAULT_QUEUE = "celery"
# On the host that has the bot's files.
CELERY_TASK_ROUTES = {
    "migration_control.tasks.*": {"queue": "legacy"},
    "subscriptions.tasks.*": {"queue": "legacy"},
    "analytics.tasks.*": {"queue": "legacy"},
    "matches.tasks.*": {"queue": "legacy"},
    "conversations.tasks.*": {"queue": "legacy"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "find due runs": {
        "task": "migration_control.tasks.find_due_runs",
        "schedule": 2.0,
        # `expire_seconds` is the database scheduler's name for `expires`, which it drops.
        "options": {"queue": "legacy", "expire_seconds": 10},
    },
    "look after components": {
        "task": "migration_control.tasks.look_after_components",
        "schedule": 2.0,
        "options": {"queue": "legacy", "expire_seconds": 2},
    },
    "settle inbox": {
        "task": "migration_control.tasks.settle_inbox",
        "schedule": 2.0,
        "options": {"queue": "legacy", "expire_seconds": 2},
    },
    "roll up events": {
        "task": "analytics.tasks.roll_up",
        "schedule": crontab(minute="*/10"),
        "options": {"queue": "legacy", "expire_seconds": 500},
    },
    "clean up matches": {
        "task": "matches.tasks.clean_up",
        "schedule": crontab(hour="2", minute="41"),
        "options": {"queue": "legacy", "expire_seconds": 80_000},
    },
    "back up conversations": {
        "task": "conversations.tasks.back_up",
        "schedule": crontab(hour="1", minute="23"),
        "options": {"queue": "legacy", "expire_seconds": 80_000},
    },
    "trim effects": {
        "task": "migration_control.tasks.trim_effects",
        "schedule": crontab(hour="3", minute="37"),
        "options": {"queue": "legacy", "expire_seconds": 80_000},
    },
    "render files": {
        "task": "migration_control.tasks.render_files",
        "schedule": 2.0,
        "options": {"queue": "legacy", "expire_seconds": 2},
    },
    "expire subscriptions": {
        "task": "subscriptions.tasks.expire_subscriptions",
        "schedule": 600.0,
        "options": {"queue": "legacy", "expire_seconds": 600},
    },
    "raise floors": {
        "task": "migration_control.tasks.raise_floors",
        "schedule": crontab(hour="3", minute="17"),
        "options": {"queue": "legacy", "expire_seconds": 80_000},
    },
}

# Migration

MIGRATION_MODE = env.get(
    "MIGRATION_MODE", choice("disabled", "manual", "auto"), "manual", id="E012", expects="disabled, manual or auto"
)
AUTO_MIGRATE = env.get("AUTO_MIGRATE", boolean, False, id="E013", expects="true or false")
if AUTO_MIGRATE and MIGRATION_MODE != "auto":
    env.problem(
        "E013", f"AUTO_MIGRATE is true, but MIGRATION_MODE is {MIGRATION_MODE}.", "Set MIGRATION_MODE=auto as well."
    )
# None: batches adapt to a time target.
MIGRATION_BATCH_SIZE: int | None = env.get(
    "MIGRATION_BATCH_SIZE", number(1, 1000), None, id="E014", expects="a number, 1-1000, or leave it unset"
)
# None: everything is kept.
ANALYTICS_RETENTION_MONTHS: int | None = env.get(
    "ANALYTICS_RETENTION_MONTHS", number(1, 1200), None, id="E022", expects="a number, 1-1200, or leave it unset"
)
# Events that wait in memory to be written, at most; and the seconds between two looks at them.
ANALYTICS_QUEUE: int = env.get(
    "ANALYTICS_QUEUE", number(100, 1_000_000), 10_000, id="E050", expects="a number of events, 100-1000000"
)
ANALYTICS_FLUSH_SECONDS: int = env.get(
    "ANALYTICS_FLUSH_SECONDS", number(1, 60), 1, id="E051", expects="a number of seconds, 1-60"
)
# None: every day's is kept.
CONVERSATION_BACKUP_DAYS: int | None = env.get(
    "CONVERSATION_BACKUP_DAYS", number(1, 36500), None, id="E052", expects="days, 1-36500, or leave it unset"
)
if AUTO_MIGRATE and not DATABASE_USED:
    env.problem(
        "E013",
        "AUTO_MIGRATE is true, but STORAGE_BACKEND=json with ENABLE_SERVICES=false leaves no database to import into.",
        "Set AUTO_MIGRATE=false, or ENABLE_SERVICES=true.",
    )
_example = VAR_DIR / "example"
_use_example = not connections.is_named(env) and not env.text("LEGACY_DIR") and _example.is_dir()
LEGACY_DIR: Path | None = env.get(
    "LEGACY_DIR", folder, _example if _use_example else None, id="E015", expects="the folder of the bot's JSON files"
)
if LEGACY_DIR is None and not DATABASE_USED and not env.text("LEGACY_DIR"):
    env.problem(
        "E015",
        "LEGACY_DIR is not set, and STORAGE_BACKEND=json with ENABLE_SERVICES=false leaves no other store.",
        "Set LEGACY_DIR to the folder of the bot's JSON files, or ENABLE_SERVICES=true.",
    )
LEGACY_INDEX = path(env.text("LEGACY_INDEX")) if env.text("LEGACY_INDEX") else VAR_DIR / "index.sqlite3"
if LEGACY_INDEX.is_dir():
    env.problem("E016", f"LEGACY_INDEX is {str(LEGACY_INDEX)!r}, a folder.", "Set LEGACY_INDEX to a file's path.")
EFFECTS_KEPT_DAYS: int = env.get(
    "EFFECTS_KEPT_DAYS", number(1, 36500), 400, id="E028", expects="a number of days, 1-36500"
)
LEGACY_COPIES_DAYS: int = env.get(
    "LEGACY_COPIES_DAYS", number(1, 36500), 90, id="E024", expects="a number of days, 1-36500"
)
EXPIRY_TOLD_DAYS: int = env.get("EXPIRY_TOLD_DAYS", number(1, 3650), 7, id="E063", expects="a number of days, 1-3650")
ACTIVITY_SECONDS: int = env.get(
    "ACTIVITY_SECONDS", number(0, 86400), 60, id="E030", expects="a number of seconds, 0-86400"
)
LEGACY_TIME_ZONE = env.get(
    "LEGACY_TIME_ZONE",
    time_zone,
    EXAMPLE_ZONE if _use_example else "UTC",
    id="E017",
    expects="an IANA time zone, as Europe/Berlin: that of the clock of the machine that wrote the files",
)
if env.text("LEGACY_DIR") and not env.text("LEGACY_TIME_ZONE"):
    env.problem(
        "E017",
        "LEGACY_DIR is set, but LEGACY_TIME_ZONE is not: times in the bot's files carry no zone.",
        "Set LEGACY_TIME_ZONE to the zone of the bot's machine, as Europe/Berlin (UTC if in doubt on a server).",
    )
BOTS: list[str] = env.get(
    "BOTS", several("faceit", "companion"), ["faceit", "companion"], id="E020", expects="faceit, companion, or both"
)
_subfolder = {"id": "E021", "expects": "a subfolder of LEGACY_DIR, as bots/faceit"}
LEGACY_FOLDERS = {
    "faceit": env.get("LEGACY_FACEIT_FOLDER", subfolder, "", **_subfolder),
    "companion": env.get("LEGACY_COMPANION_FOLDER", subfolder, "", **_subfolder),
}
BOT_IDS = {
    "faceit": env.text("FACEIT_BOT_ID") or "faceit",
    "companion": env.text("COMPANION_BOT_ID") or "companion",
}

# What the bots call

MAX_CONCURRENT_REQUESTS: int = env.get(
    "MAX_CONCURRENT_REQUESTS", number(1, 1000), 400, id="E055", expects="a number, 1-1000"
)
REQUEST_TIMEOUT: int = env.get("REQUEST_TIMEOUT", number(10, 300), 30, id="E056", expects="a number of seconds, 10-300")
RETRY_ATTEMPTS: int = env.get("RETRY_ATTEMPTS", number(1, 10), 3, id="E057", expects="a number, 1-10")
ENABLE_MATCH_ANALYSIS = env.get("ENABLE_MATCH_ANALYSIS", boolean, True, id="E058", expects="true or false")
ENABLE_SUBSCRIPTION_SYSTEM = env.get("ENABLE_SUBSCRIPTION_SYSTEM", boolean, True, id="E059", expects="true or false")
ENABLE_REFERRAL_SYSTEM = env.get("ENABLE_REFERRAL_SYSTEM", boolean, True, id="E060", expects="true or false")
ENABLE_ANALYTICS = env.get("ENABLE_ANALYTICS", boolean, True, id="E061", expects="true or false")
HEALTH_CHECK_INTERVAL: int = env.get(
    "HEALTH_CHECK_INTERVAL", number(60, 3600), 300, id="E062", expects="a number of seconds, 60-3600"
)

# Subscriptions. None: without a limit.

BOT_TIME_ZONE = env.get(
    "BOT_TIME_ZONE", time_zone, LEGACY_TIME_ZONE, id="E035", expects="an IANA time zone, as Europe/Berlin"
)
_requests = {"id": "E036", "expects": "a number of requests a day, 0-1000000"}
DAILY_REQUESTS: dict[str, int | None] = {
    "free": env.get("FREE_DAILY_REQUESTS", number(0, 1_000_000), 10, **_requests),
    "premium": env.get("PREMIUM_DAILY_REQUESTS", number(0, 1_000_000), 100, **_requests),
    "pro": env.get("PRO_DAILY_REQUESTS", number(0, 1_000_000), None, **_requests),
}
_history = {"id": "E037", "expects": "a number of matches, 1-10000"}
MATCH_HISTORY: dict[str, int] = {
    "free": env.get("FREE_MATCH_HISTORY", number(1, 10_000), 20, **_history),
    "premium": env.get("PREMIUM_MATCH_HISTORY", number(1, 10_000), 50, **_history),
    "pro": env.get("PRO_MATCH_HISTORY", number(1, 10_000), 200, **_history),
}
_price = {"id": "E038", "expects": "a price in Stars, 1-100000, and after it former ones, comma-separated"}
# By tier and period: the price, and former ones at which a charge still counts.
PRICES: dict[tuple[str, str], list[int]] = {
    ("premium", "monthly"): env.get("PREMIUM_MONTHLY_PRICE", numbers(1, 100_000), [199], **_price),
    ("premium", "yearly"): env.get("PREMIUM_YEARLY_PRICE", numbers(1, 100_000), [1999], **_price),
    ("pro", "monthly"): env.get("PRO_MONTHLY_PRICE", numbers(1, 100_000), [299], **_price),
    ("pro", "yearly"): env.get("PRO_YEARLY_PRICE", numbers(1, 100_000), [2999], **_price),
}
_bonus = {"id": "E039", "expects": "a number of days, 0-365"}
REFERRER_BONUS_DAYS: int = env.get("REFERRER_BONUS_DAYS", number(0, 365), 30, **_bonus)
REFERRED_BONUS_DAYS: int = env.get("REFERRED_BONUS_DAYS", number(0, 365), 7, **_bonus)

# FACEIT

# Of the Data API. Empty: nothing is asked of FACEIT.
FACEIT_API_KEY = env.text("FACEIT_API_KEY")
if FACEIT_API_KEY and not (FACEIT_API_KEY.isascii() and FACEIT_API_KEY.isprintable() and " " not in FACEIT_API_KEY):
    env.problem(
        "E045",
        "FACEIT_API_KEY has characters that no key has.",
        "Set FACEIT_API_KEY to a server-side key of developers.faceit.com.",
    )
    FACEIT_API_KEY = ""
FACEIT_API_URL: str = env.get(
    "FACEIT_API_URL",
    web_address,
    "https://open.faceit.com/data/v4",
    id="E046",
    expects="an address, as https://host/path",
)
_seconds = {"id": "E047", "expects": "a number of seconds, 1-300"}
FACEIT_CONNECT_SECONDS: int = env.get("FACEIT_CONNECT_SECONDS", number(1, 300), 5, **_seconds)
FACEIT_READ_SECONDS: int = env.get("FACEIT_READ_SECONDS", number(1, 300), 10, **_seconds)
FACEIT_DEADLINE_SECONDS: int = env.get("FACEIT_DEADLINE_SECONDS", number(1, 300), 30, **_seconds)
FACEIT_ATTEMPTS: int = env.get("FACEIT_ATTEMPTS", number(1, 10), 4, id="E048", expects="a number, 1-10")
FACEIT_CONCURRENT_REQUESTS: int = env.get(
    "FACEIT_CONCURRENT_REQUESTS", number(1, 100), 10, id="E048", expects="a number, 1-100"
)
# For how long an analysis is served again.
ANALYSIS_SECONDS: int = env.get(
    "ANALYSIS_SECONDS", number(1, 86_400), 900, id="E049", expects="a number of seconds, 1-86400"
)
# None: every match is kept.
MATCH_RETENTION_DAYS: int | None = env.get(
    "MATCH_RETENTION_DAYS", number(1, 36500), None, id="E076", expects="days, 1-36500, or leave it unset"
)

# Logging

LOG_LEVEL = env.get(
    "LOG_LEVEL",
    choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", fold=str.upper),
    "INFO",
    id="E018",
    expects="DEBUG, INFO, WARNING, ERROR or CRITICAL",
)
DB_ECHO_SQL = env.get("DB_ECHO_SQL", boolean, False, id="E019", expects="true or false")
LOGGING = logging(LOG_LEVEL, DB_ECHO_SQL)
if HOSTED:
    LOGGING_CONFIG = None
