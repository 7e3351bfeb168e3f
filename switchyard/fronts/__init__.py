"""By their documented names, thin objects over the engine.

Importing it sets Switchyard up in this process (switchyard.setup), if nobody has. All are coroutines but what says
that it is sync. They return what the documents promise, also where our own services would raise.
"""

from switchyard.hosting import setup

setup()

from switchyard.fronts.hybrid import HybridDataStore  # noqa: E402 - these load models
from switchyard.fronts.integration import (  # noqa: E402
    DatabaseIntegrationManager,
    create_database_adapter,
    get_cache_stats,
    get_health_status,
    init_database_integration,
    shutdown_database_integration,
)
from switchyard.fronts.migration import MigrationAdapter  # noqa: E402
from switchyard.fronts.results import MigrationDirection, MigrationResult, MigrationStatus  # noqa: E402
from switchyard.fronts.storage import StorageAdapter, StorageBackend  # noqa: E402
from switchyard.fronts.validator import DataValidator  # noqa: E402
from switchyard.legacy import DatabaseGirlsAdapter  # noqa: E402
from switchyard.validating.report import ValidationIssue, ValidationReport, ValidationSeverity  # noqa: E402

__all__ = [
    "DataValidator", "DatabaseGirlsAdapter", "DatabaseIntegrationManager", "HybridDataStore", "MigrationAdapter",
    "MigrationDirection", "MigrationResult", "MigrationStatus", "StorageAdapter", "StorageBackend", "ValidationIssue",
    "ValidationReport", "ValidationSeverity", "create_database_adapter", "get_cache_stats", "get_health_status",
    "init_database_integration", "shutdown_database_integration",
]  # fmt: skip
