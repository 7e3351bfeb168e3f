from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MigrationControlConfig(AppConfig):
    name = "migration_control"
    verbose_name = "Migration control"

    def ready(self) -> None:
        from migration_control import checks, components, expectation_checks, setup

        components.autodiscover()
        checks.register_all()
        expectation_checks.register_all()
        post_migrate.connect(setup.create_states, sender=self)
