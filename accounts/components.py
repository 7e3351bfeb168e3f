from accounts.documents import UserDocument
from accounts.models import User
from legacy_json.layouts import ListOf
from migration_control.bots import faceit
from migration_control.components import Component, register

USERS = register(
    Component(
        name="users",
        model=User,
        document=UserDocument,
        places=(faceit(ListOf("data.json", section="users", key="user_id")),),
        unique=("faceit_player_id",),
        lookups=("faceit_nickname",),
    )
)
