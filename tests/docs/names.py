"""Every class, call, setting, file, state and figure that the two documents name."""


def words(text: str) -> list[str]:
    return text.split()


CLASSES = words("""
StorageAdapter StorageBackend MigrationAdapter MigrationDirection MigrationStatus BotIntegrationAdapter DataValidator
ValidationSeverity HybridDataStore MultiTierCache InMemoryCache RedisCache DatabaseIntegrationManager
DatabaseGirlsAdapter GirlsManager DataStorage UserData UserSubscription SubscriptionTier
""")
SERVICES = ["User Service", "Subscription Service", "Match Service", "Analytics Service",
            "User Repo", "Subscription Repo", "Match Repo", "Analytics Repo"]  # fmt: skip
CALLS = words("""
get_user save_user get_all_users update_last_checked_match can_make_request increment_request_count upgrade_subscription
check_expired_subscriptions generate_referral_code apply_referral get_subscription_stats user.dict
StorageAdapter.health_check get_backend_info migrate_all_users migrate_single_user validate_migration_integrity
rollback_migration MigrationAdapter.get_migration_status get_or_create_user link_faceit_account update_user_activity
check_subscription_access check_rate_limit format_subscription_status analyze_match get_user_statistics
track_command_usage BotIntegrationAdapter.health_check get_service_info validate_all_data fix_validation_issues
get_cache_stats get_health_status init_database_integration create_database_adapter shutdown_database_integration
enable_migration disable_migration DatabaseIntegrationManager.get_migration_status get_user_profile save_user_profile
HybridDataStore.update_user_activity get_bot_configuration save_bot_configuration log_analytics_event
get_performance_metrics HybridDataStore.health_check load_profile get_profile save_profile ensure_girl list_all_profiles
list_girls delete_girl update_last_activity get_latest_summary_text get_previous_response_id
set_previous_response_id backup_daily_chat load save
""")
SETTINGS = words("""
STORAGE_BACKEND MIGRATION_MODE AUTO_MIGRATE MIGRATION_BATCH_SIZE ENABLE_SERVICES SERVICE_FALLBACK_ENABLED
HEALTH_CHECK_INTERVAL MAX_CONCURRENT_REQUESTS REQUEST_TIMEOUT RETRY_ATTEMPTS ENABLE_MATCH_ANALYSIS
ENABLE_SUBSCRIPTION_SYSTEM ENABLE_REFERRAL_SYSTEM ENABLE_ANALYTICS DATABASE_URL DB_ENVIRONMENT DB_HOST DB_PORT DB_NAME
DB_USER DB_PASSWORD DB_MAX_POOL_SIZE REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_MAX_CONNECTIONS LOG_LEVEL DB_ECHO_SQL
""")
FILES = words("""
adapters/storage_adapter.py adapters/migration_adapter.py adapters/bot_integration.py adapters/validation.py
main_updated.py main.py bot/handlers_updated.py bot/handlers.py .env src/database/ hybrid_store.py cache.py config.py
integration.py girls_adapter.py test_integration.py bot.py
""")
WORDS = words("""
storage StorageBackend.DUAL StorageBackend.JSON StorageBackend.POSTGRESQL MigrationDirection.JSON_TO_POSTGRESQL
MigrationDirection.POSTGRESQL_TO_JSON MigrationDirection.BIDIRECTIONAL_SYNC ValidationSeverity.INFO
ValidationSeverity.WARNING ValidationSeverity.ERROR ValidationSeverity.CRITICAL result.migrated_users result.total_users
result.failed_users integrity_score disabled enabled dual-write database-only users configuration conversations
analytics adapters services database.repositories
""")
PROMISES = """
automatic backend detection
automatic fallback to JSON
health monitoring
performance tracking
activity tracking
batch processing
progress tracking
rollback support
automatic rollback on failures
data consistency checks
issue categorization
automatic fixing
comprehensive reporting
automatic migration at the start
runtime switching
strangler fig, component by component
connection pooling
SSL
read and write connections apart
multi-tier caching
TTL management
events logged by themselves
graceful start
graceful shutdown
multi-instance
asyncpg
sqlalchemy
alembic
redis
aioredis
health check endpoints
validation reports
debug mode
backup of the JSON data
reset to JSON
validate and fix by hand
Services not available, using JSON fallback
Migration failed for user N
PostgreSQL backend requires services to be enabled
""".strip().splitlines()
FIGURES = """
pool of 5-20 connections
response within 100 ms
tier 1, memory, within 1 ms
tier 2, Redis, 2-5 ms
tier 3, PostgreSQL, 10-50 ms
85 % of reads from memory
90 % of reads from Redis
100 cache operations in 10 ms
100 profiles created in 100 ms
1 MB for 1000 cached profiles
fallback within 500 ms, retry included
profiles 60-80 % faster
configuration 50-70 % faster
1-1000 users a batch
50-100 users a batch
5 of 8 tests pass
95 % test coverage
99.9 % availability
100 % compatibility
no data lost at a rollback
no downtime
""".strip().splitlines()

EVERY = [*CLASSES, *SERVICES, *CALLS, *SETTINGS, *FILES, *WORDS, *PROMISES, *FIGURES]
