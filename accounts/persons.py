from migration_control.persons.registry import Personal, register

register(Personal("users", spans=lambda person: [(person, person)]))
