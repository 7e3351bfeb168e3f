"""Settings from the environment: resolution, defaults, and a check for each variable that cannot be used."""

import os
import re
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from config.celery import app
from config.environment import BASE_DIR, Problem
from tests.conftest import project_variables

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, clean: dict[str, str]) -> Load:
    """Read the settings again with the clean environment and the given variables."""

    def read(**variables: str) -> dict[str, Any]:
        for name in set(os.environ) - set(clean):
            monkeypatch.delenv(name)
        for name, value in (clean | variables).items():
            monkeypatch.setenv(name, value)
        spec = spec_from_file_location("config.settings", BASE_DIR / "config" / "settings.py")
        assert spec
        assert spec.loader
        module = module_from_spec(spec)  # not that of this process
        spec.loader.exec_module(module)
        return vars(module)

    return read


WRONG = [
    ("E001", {"DATABASE_URL": "u:secret@h/d"}),
    ("E001", {"DATABASE_URL": "postgresql//u:secret@h/d"}),
    ("E001", {"DATABASE_URL": "mysql://h/d?password=secret"}),
    ("E001", {"DATABASE_URL": "mysql://u:secret@h/d"}),
    ("E001", {"DATABASE_URL": "postgresql://u:secret@h:port/d"}),
    ("E001", {"DATABASE_URL": "postgresql://u:secret@h"}),
    ("E002", {"DB_HOST": "db"}),
    ("E002", {"DB_NAME": "d", "DB_PORT": "0"}),
    ("E003", {"DB_NAME": "d", "DB_SSLMODE": "always"}),
    ("E003", {"DATABASE_URL": "postgresql://u:secret@h/d?sslmode=always"}),
    ("E003", {"DB_NAME": "d", "DB_SSLROOTCERT": "missing.pem"}),
    ("E004", {"REDIS_URL": "http://:secret@h"}),
    ("E004", {"REDIS_URL": "redis://:secret@h:6379/first"}),
    ("E004", {"REDIS_HOST": "h", "REDIS_PORT": "65536"}),
    ("E005", {"DEBUG": "maybe"}),
    ("E005", {"WEB_HTTPS": "2"}),
    ("E006", {"DATABASE_URL": "postgresql://u:secret@h/d"}),
    ("E007", {"WEB_PORT": "0"}),
    ("E008", {"DATABASE_URL": "postgresql://u:secret@h/d"}),
    ("E009", {"CSRF_TRUSTED_ORIGINS": "admin.example.org"}),
    ("E010", {"DB_MIN_POOL_SIZE": "-1"}),
    ("E010", {"DB_MAX_POOL_SIZE": "0"}),
    ("E010", {"DB_MIN_POOL_SIZE": "9", "DB_MAX_POOL_SIZE": "8"}),
    ("E011", {"REDIS_MAX_CONNECTIONS": "0"}),
    ("E012", {"MIGRATION_MODE": "automatic"}),
    ("E013", {"AUTO_MIGRATE": "true"}),
    ("E013", {"AUTO_MIGRATE": "maybe"}),
    ("E013", {"STORAGE_BACKEND": "json", "ENABLE_SERVICES": "false", "MIGRATION_MODE": "auto", "AUTO_MIGRATE": "true"}),
    ("E014", {"MIGRATION_BATCH_SIZE": "0"}),
    ("E014", {"MIGRATION_BATCH_SIZE": "1001"}),
    ("E015", {"LEGACY_DIR": "/no/such/folder"}),
    ("E015", {"STORAGE_BACKEND": "json", "ENABLE_SERVICES": "false"}),
    ("E016", {"LEGACY_INDEX": "/"}),
    ("E017", {"LEGACY_TIME_ZONE": "Mars/Olympus"}),
    ("E017", {"LEGACY_DIR": "/"}),
    ("E018", {"LOG_LEVEL": "LOUD"}),
    ("E019", {"DB_ECHO_SQL": "perhaps"}),
    ("E020", {"BOTS": "telegram"}),
    ("E021", {"LEGACY_FACEIT_FOLDER": "../elsewhere"}),
    ("E022", {"ANALYTICS_RETENTION_MONTHS": "0"}),
    ("E024", {"LEGACY_COPIES_DAYS": "0"}),
    ("E025", {"STORAGE_BACKEND": "sqlite"}),
    ("E026", {"ENABLE_SERVICES": "perhaps"}),
    ("E026", {"ENABLE_SERVICES": "false"}),
    ("E026", {"ENABLE_SERVICES": "false", "STORAGE_BACKEND": "postgresql"}),
    ("E027", {"SERVICE_FALLBACK_ENABLED": "perhaps"}),
    ("E028", {"EFFECTS_KEPT_DAYS": "0"}),
    ("E030", {"ACTIVITY_SECONDS": "-1"}),
    ("E045", {"FACEIT_API_KEY": "two words"}),
    ("E046", {"FACEIT_API_URL": "open.faceit.com"}),
    ("E047", {"FACEIT_READ_SECONDS": "0"}),
    ("E048", {"FACEIT_ATTEMPTS": "11"}),
    ("E049", {"ANALYSIS_SECONDS": "0"}),
    ("E050", {"ANALYTICS_QUEUE": "99"}),
    ("E051", {"ANALYTICS_FLUSH_SECONDS": "0"}),
    ("E052", {"CONVERSATION_BACKUP_DAYS": "0"}),
    ("E055", {"MAX_CONCURRENT_REQUESTS": "1001"}),
    ("E056", {"REQUEST_TIMEOUT": "9"}),
    ("E057", {"RETRY_ATTEMPTS": "11"}),
    ("E058", {"ENABLE_MATCH_ANALYSIS": "perhaps"}),
    ("E059", {"ENABLE_SUBSCRIPTION_SYSTEM": "perhaps"}),
    ("E060", {"ENABLE_REFERRAL_SYSTEM": "perhaps"}),
    ("E061", {"ENABLE_ANALYTICS": "perhaps"}),
    ("E062", {"HEALTH_CHECK_INTERVAL": "59"}),
    ("E063", {"EXPIRY_TOLD_DAYS": "0"}),
    ("E076", {"MATCH_RETENTION_DAYS": "0"}),
    ("E035", {"BOT_TIME_ZONE": "Mars/Olympus"}),
    ("E036", {"FREE_DAILY_REQUESTS": "-1"}),
    ("E036", {"PRO_DAILY_REQUESTS": "many"}),
    ("E037", {"PREMIUM_MATCH_HISTORY": "0"}),
    ("E038", {"PREMIUM_MONTHLY_PRICE": "0"}),
    ("E038", {"PRO_YEARLY_PRICE": "2999,free"}),
    ("E038", {"PRO_YEARLY_PRICE": ","}),
    ("E039", {"REFERRER_BONUS_DAYS": "366"}),
]


@pytest.mark.parametrize(("id", "variables"), WRONG, ids=lambda value: str(value).replace("/", "|"))
def test_a_wrong_value_is_a_problem_with_a_remedy_and_no_secret(load: Load, id: str, variables: dict[str, str]) -> None:
    problems: list[Problem] = load(**variables)["ENVIRONMENT_PROBLEMS"]
    mine = [problem for problem in problems if problem.id == f"switchyard.{id}"]
    assert mine
    assert re.search(r"Set \w+", mine[0].remedy) or "Set it" in mine[0].remedy
    assert not any("secret" in problem.fact for problem in problems)


def test_every_check_id_has_a_case() -> None:
    sources = [BASE_DIR / "config" / name for name in ("settings.py", "connections.py")]
    used = set(re.findall(r'"(E\d{3})"', "".join(source.read_text() for source in sources)))
    assert used == {case[0] for case in WRONG}


def test_the_embedded_mode_has_no_problem_and_serves_this_machine(load: Load) -> None:
    settings = load()
    assert settings["ENVIRONMENT_PROBLEMS"] == []
    assert settings["EMBEDDED_DATABASE"]
    assert settings["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]", "127.0.0.1"]
    assert len(settings["SECRET_KEY"]) >= 50
    assert load()["SECRET_KEY"] == settings["SECRET_KEY"]


def test_secrets_are_readable_by_their_owner_only(load: Load, home: Path) -> None:
    load()
    assert {file.name for file in (home / "secrets").iterdir()} == {"postgres", "valkey", "django"}
    assert {file.stat().st_mode & 0o777 for file in (home / "secrets").iterdir()} == {0o600}
    assert (home / "secrets").stat().st_mode & 0o777 == 0o700


def test_an_installation_with_servers_of_its_own_writes_no_secret(load: Load, home: Path) -> None:
    load(DB_NAME="d", REDIS_HOST="h")
    assert list(home.iterdir()) == []


def test_no_database_is_used_for_json_without_services_only(load: Load, tmp_path: Path) -> None:
    bot = {"LEGACY_DIR": str(tmp_path), "LEGACY_TIME_ZONE": "UTC"}
    for backend in ("json", "dual", "postgresql"):
        for services in ("true", "false"):
            used = load(STORAGE_BACKEND=backend, ENABLE_SERVICES=services, **bot)["DATABASE_USED"]
            assert used == ((backend, services) != ("json", "false"))


def test_where_no_database_is_used_none_is_named_and_nothing_of_a_web_process_is_asked_for(
    load: Load, tmp_path: Path
) -> None:
    settings = load(
        STORAGE_BACKEND="json",
        ENABLE_SERVICES="false",
        LEGACY_DIR=str(tmp_path),
        LEGACY_TIME_ZONE="UTC",
        DATABASE_URL="postgresql://u:p@h/d",
        REDIS_URL="redis://h:6379/0",
    )
    assert settings["ENVIRONMENT_PROBLEMS"] == []
    assert settings["DATABASES"]["default"]["ENGINE"] == "config.no_database"
    assert (settings["CELERY_BROKER_URL"], settings["EMBEDDED_DATABASE"]) == ("memory://", False)
    assert "redis" not in settings["CACHES"]["default"]["BACKEND"]


def test_database_url_wins_over_its_parts(load: Load) -> None:
    entry = load(DATABASE_URL="postgresql://u:p%40ss@h:6543/one", DB_HOST="other", DB_NAME="two")["DATABASES"][
        "default"
    ]
    assert (entry["HOST"], entry["PORT"], entry["NAME"], entry["PASSWORD"]) == ("h", 6543, "one", "p@ss")


def test_the_parts_are_used_without_an_url(load: Load) -> None:
    settings = load(DB_HOST="h", DB_NAME="two", DB_USER="u", DB_PASSWORD="p", DB_SSLMODE="require")
    entry = settings["DATABASES"]["default"]
    assert (entry["HOST"], entry["PORT"], entry["NAME"], entry["USER"]) == ("h", 5432, "two", "u")
    assert entry["OPTIONS"]["sslmode"] == "require"
    assert not settings["EMBEDDED_DATABASE"]


def test_sslmode_in_the_url_wins_over_the_variable(load: Load) -> None:
    entry = load(DATABASE_URL="postgresql://u@h/d?sslmode=verify-full", DB_SSLMODE="prefer")["DATABASES"]["default"]
    assert entry["OPTIONS"]["sslmode"] == "verify-full"


def test_broker_and_cache_use_neighbouring_databases(load: Load) -> None:
    settings = load(REDIS_URL="rediss://user:p%40@h:7000/4")
    assert settings["CELERY_BROKER_URL"] == "rediss://user:p%40@h:7000/4"
    assert settings["CACHES"]["default"]["LOCATION"] == "rediss://user:p%40@h:7000?db=5"


def test_redis_parts_are_used_without_an_url(load: Load) -> None:
    assert load(REDIS_HOST="h", REDIS_PASSWORD="p")["CELERY_BROKER_URL"] == "redis://:p@h:6379/0"


def test_only_the_web_process_pools_connections(load: Load) -> None:
    pooled = load(DB_POOL="true", DB_MAX_POOL_SIZE="7")["DATABASES"]["default"]
    assert pooled["OPTIONS"]["pool"] == {"min_size": 5, "max_size": 7}
    assert pooled["CONN_MAX_AGE"] == 0
    assert "pool" not in load()["DATABASES"]["default"]["OPTIONS"]


def test_statements_are_prepared_unless_a_pooler_cannot_carry_them(load: Load) -> None:
    assert load()["DATABASES"]["default"]["OPTIONS"]["prepare_threshold"] == 2
    assert load(DB_PREPARE="false")["DATABASES"]["default"]["OPTIONS"]["prepare_threshold"] is None


def test_no_task_may_run_for_as_long_as_the_broker_waits_for_it() -> None:
    app.loader.import_default_modules()
    limits = {name: task.time_limit or app.conf.task_time_limit for name, task in app.tasks.items()}
    assert "migration_control.tasks.advance_run" in limits
    assert max(limits.values()) < app.conf.broker_transport_options["visibility_timeout"]


def test_the_env_file_gives_way_to_the_environment(load: Load, home: Path) -> None:
    file = home / "env"
    file.write_text(
        "MIGRATION_MODE=auto  # disabled, manual, auto\nWEB_PORT=9000\nDB_NAME=d\nDB_PASSWORD=$p#w\nDB_USER='u # v'\n"
    )
    settings = load(ENV_FILE=str(file), WEB_PORT="9001")
    assert (settings["MIGRATION_MODE"], settings["WEB_PORT"]) == ("auto", 9001)
    assert settings["DATABASES"]["default"]["PASSWORD"] == "$p#w"
    assert settings["DATABASES"]["default"]["USER"] == "u # v"


def test_the_example_store_of_an_earlier_start_is_found(load: Load, home: Path) -> None:
    assert load()["LEGACY_DIR"] is None
    (home / "example").mkdir()
    settings = load()
    assert (settings["LEGACY_DIR"], settings["LEGACY_TIME_ZONE"]) == (home / "example", "Europe/Berlin")
    assert load(DB_NAME="production")["LEGACY_DIR"] is None


def test_the_example_file_names_every_variable() -> None:
    # DB_POOL is set by the web process, not by a person.
    sources = [BASE_DIR / "config" / name for name in ("settings.py", "connections.py", "environment.py")]
    read = re.findall(
        r"""(?:env|reader)\.(?:get|text)\(\s*["']([A-Z_]+)["']""", "".join(source.read_text() for source in sources)
    )
    assert set(read) - {"DB_POOL"} == set(project_variables())
