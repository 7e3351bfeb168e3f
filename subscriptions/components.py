from legacy_json.layouts import SubObject
from migration_control.bots import faceit
from migration_control.components import Component, register
from subscriptions.documents import SubscriptionDocument
from subscriptions.models import Subscription

SUBSCRIPTIONS = register(
    Component(
        name="subscriptions",
        model=Subscription,
        document=SubscriptionDocument,
        places=(faceit(SubObject(of="users", name="subscription")),),
        unique=("referral_code",),
        lookups=("referred_by",),
        parent="users",
    )
)
