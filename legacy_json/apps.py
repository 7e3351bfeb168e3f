from django.apps import AppConfig


class LegacyJsonConfig(AppConfig):
    name = "legacy_json"
    verbose_name = "Legacy JSON files"
