"""What children begin with. Nothing of it may open a connection: they are forked from here."""

import django

django.setup()
