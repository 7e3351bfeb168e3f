"""The points and the children of the protocol's tests."""

from tests.migration_control.protocol.conftest import child, hang_guard, points

__all__ = ["child", "hang_guard", "points"]
