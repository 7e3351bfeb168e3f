from legacy_json.layouts import SubObject
from migration_control.components import Component, register
from subscriptions.documents import SubscriptionDocument
from subscriptions.models import Subscription

SUBSCRIPTIONS = register(
    Component(
        name="subscriptions",
        model=Subscription,
        document=SubscriptionDocument,
        layout=SubObject(of="users", name="subscription"),
        unique=("referral_code",),
        parent="users",
    )
)
