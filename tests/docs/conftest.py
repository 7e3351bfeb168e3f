"""What the symptoms need: both bots in a stage, an importer, and `manage.py` in an environment of its own."""

from tests.config.conftest import clean as clean
from tests.config.conftest import home as home
from tests.config.conftest import run as manage  # noqa: F401
from tests.config.test_settings import load as load
from tests.migration_control.conftest import bot as bot
from tests.migration_control.conftest import ground as ground
from tests.migration_control.conftest import run_import as run_import
from tests.switchyard.conftest import both_bots as both_bots
from tests.switchyard.conftest import in_stage as in_stage
from tests.switchyard.conftest import run as run
