from legacy_json.layouts import ObjectOf
from matches.documents import MatchDocument, PlayerDocument
from matches.models import Match, Player
from migration_control.bots import faceit
from migration_control.components import Component, register

MATCHES = register(
    Component(
        name="matches",
        model=Match,
        document=MatchDocument,
        places=(faceit(ObjectOf("matches.json", optional=True, ours=True)),),
        key=str,
        lookups=("status",),
    )
)

PLAYERS = register(
    Component(
        name="players",
        model=Player,
        document=PlayerDocument,
        places=(faceit(ObjectOf("match_players.json", optional=True, ours=True)),),
        key=str,
    )
)
