from legacy_json.layouts import ObjectOf
from matches.documents import MatchDocument
from matches.models import Match
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
