"""The web process for WSGI servers, the one that pools its database connections."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DB_POOL", "true")

from django.core.wsgi import get_wsgi_application  # settings are read on import

from config.checks import refuse_problems

refuse_problems()
application = get_wsgi_application()
