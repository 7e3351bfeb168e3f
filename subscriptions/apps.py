from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"

    def ready(self) -> None:
        from subscriptions.services import crediting  # what waits in an inbox is looked up by name

        assert crediting
