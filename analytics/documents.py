"""What both bots wrote down about their own use: events, and metrics of several shapes."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from migration_control.moments import Aware


class EventDocument(msgspec.Struct):
    """One entry of an analytics file. Each kind has some of the keys, and gets no others when it is written back:

    analytics_YYYYMM.json: timestamp (aware ISO), bot_id, event_type, event_data of any JSON type;
    `history` of metrics.json: timestamp (naive ISO in LEGACY_TIME_ZONE), metrics;
    `current` of metrics.json and `analytics` of data.json: metrics, which is that member as it stands there.
    """

    timestamp: Aware | UnsetType | None = UNSET
    bot_id: str | UnsetType | None = UNSET
    event_type: str | UnsetType | None = UNSET
    event_data: Any = UNSET
    metrics: Any = UNSET
