from migration_control.persons.registry import Personal, register

# An event that names the person at the top of its data is theirs; of sums over many people only what names them goes.
register(Personal("analytics", within=("event_data",)))
