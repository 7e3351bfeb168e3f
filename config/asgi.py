"""The web process for ASGI servers, the one that pools its database connections."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DB_POOL", "true")

from django.core.asgi import get_asgi_application  # settings are read on import

from config.checks import refuse_problems

refuse_problems()
application = get_asgi_application()
