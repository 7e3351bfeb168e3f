"""In the place of a bot's own storage: the names that its handlers import, and the results that they rely on.

    from switchyard.legacy import storage, UserData            # instead of: from utils.storage import ...
    from switchyard.legacy import ProfileManager, Profile      # instead of the bot's own

Importing it sets Switchyard up in this process (switchyard.setup), if nobody has. Whole objects are saved by what
changed in them since they were read: see switchyard.legacy.remembering.
"""

from switchyard.hosting import setup

setup()

from switchyard.legacy.around import CannotWrap, DatabaseGirlsAdapter  # noqa: E402 - these load models
from switchyard.legacy.profiles import Profile, ProfileManager  # noqa: E402
from switchyard.legacy.storage import DataStorage, storage  # noqa: E402
from switchyard.legacy.users import SubscriptionTier, UserData, UserSubscription  # noqa: E402

__all__ = [
    "CannotWrap", "DataStorage", "DatabaseGirlsAdapter", "Profile", "ProfileManager", "SubscriptionTier", "UserData",
    "UserSubscription", "storage",
]  # fmt: skip
