from analytics.documents import EventDocument
from analytics.keys import columns
from analytics.models import Event
from analytics.retention import floor
from legacy_json.layouts import SequenceOf, SingleOf
from migration_control.bots import Bot, companion, faceit
from migration_control.components import Component, register

ANALYTICS = register(
    Component(
        name="analytics",
        model=Event,
        document=EventDocument,
        places=(
            companion(SequenceOf("analytics_*.json", optional=True)),
            companion(SequenceOf("metrics.json", section="history", optional=True)),
            companion(SingleOf("metrics.json", section="current", wrap="metrics", optional=True)),
            faceit(SingleOf("data.json", section="analytics", wrap="metrics", optional=True)),
            # Its bot keeps no events; ours of it lie beside its file, or with the other bot's where that is served too.
            faceit(SequenceOf("analytics_*.json", optional=True, ours=True), without=Bot.COMPANION),
        ),
        key=str,
        derived=columns,
        retention=floor,
    )
)
