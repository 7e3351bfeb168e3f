"""What pyproject.toml cannot say: in a wheel our settings are not called `config`, which is many a bot's own package.

A bot's folder `config` without an __init__.py would lose against ours, wherever that lies on sys.path.
"""

from setuptools import find_packages, setup  # type: ignore[import-untyped,unused-ignore]

PACKAGES = find_packages(
    include=[
        f"{name}{below}"
        for name in (
            "accounts",
            "analytics",
            "config",
            "conversations",
            "legacy_json",
            "matches",
            "migration_control",
            "subscriptions",
            "switchyard",
        )
        for below in ("", ".*")
    ]
)

setup(
    packages=["switchyard_" + name if name.partition(".")[0] == "config" else name for name in PACKAGES],
    package_dir={"switchyard_config": "config"},
)
