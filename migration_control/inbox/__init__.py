"""Effects across two stores: posted with the change that they follow from, applied once to a record elsewhere.

A payment's record may be in the database while the subscription is still in JSON: no commit spans both. So the change
of the one posts an entry in its own commit (`changes.post`), and a worker applies it to the other, wherever that is by
then, under its idempotency key. Nothing is lost, and nothing happens twice, if anybody is killed in between.
"""

from migration_control.inbox.acts import act
from migration_control.inbox.handlers import effect

__all__ = ["act", "effect"]
