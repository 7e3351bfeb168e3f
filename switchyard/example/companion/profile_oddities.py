"""One example of every defect of a profile that leaves its file readable, for each of the two generations of files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from switchyard.example.companion.chats import Chats, padded
from switchyard.example.dates import OTHER_FORMS, WITH_OFFSET, WITH_Z
from switchyard.example.planting import Document, Planted, without
from switchyard.example.writing import Members, Verbatim

Profile = tuple[str, Any]  # its key as it is written, and what stands there


def planted_in_the_object(chats: Chats) -> Iterator[Planted]:
    """Of girls_data.json: each defect by name, its entries being profiles."""
    twice = chats.new_id()
    yield "duplicate_key", [_as_profile(chats.older(twice)), _as_profile(chats.older(twice))]
    yield "key_no_number", [("_comment", {"name": "do not edit while the bot runs"})]
    yield "key_over_63_bits", [(str(2**63 + 41), without(chats.older(), "chat_id"))]
    yield "key_with_spaces", [(f" {chats.new_id()} ", without(chats.older(), "chat_id"))]
    yield "key_with_a_fraction", [("12.5", without(chats.older(), "chat_id"))]
    yield "profile_null", [(str(chats.new_id()), None)]
    yield "profile_a_list", [(str(chats.new_id()), [])]
    yield "empty_profile", [(str(chats.new_id()), {})]
    yield "key_of_another_chat", [(str(chats.new_id()), chats.older())]
    yield "name_with_nul", [_as_profile(chats.older() | {"name": "An\0na"})]


def planted_in_the_folder(chats: Chats) -> Iterator[Planted]:
    """Of girls_data/: the same, a profile being a file's name without its ending and what stands in it."""
    again = chats.new_id()
    yield "two_files_of_one_chat", [_as_profile(chats.profile(again)), (padded(again), chats.profile(again))]
    yield "file_name_no_chat_id", [("notes", {"text": "remember to make a copy"})]
    yield "file_name_over_63_bits", [(str(2**63 + 43), chats.profile())]
    yield "file_a_list", [(str(chats.new_id()), [chats.profile()])]
    yield "file_a_text", [(str(chats.new_id()), "gone")]
    whole = chats.profile()
    yield "duplicate_member_name", [(str(whole["chat_id"]), Members((*whole.items(), ("name", "the last one"))))]
    for name in chats.profile():
        yield f"{name}_missing", [_as_profile(whole := chats.profile(), without(whole, name))]
    for name, changed in _VALUES.items():
        yield name, [_as_profile(whole := chats.profile(), whole | changed)]
    for name, written in (OTHER_FORMS | {"date_with_z": WITH_Z, "date_with_offset": WITH_OFFSET}).items():
        yield name, [_as_profile(chats.profile() | {"last_activity": written})]
    for name, change in {"chat_id_as_text": str, "chat_id_as_float": float}.items():
        whole = chats.profile(int(chats.chance.random() * 2**52))
        yield name, [_as_profile(whole, whole | {"chat_id": change(whole["chat_id"])})]


_VALUES: dict[str, Document] = {
    "chat_id_of_another_chat": {"chat_id": 17},
    "chat_id_a_name": {"chat_id": "Ada"},
    "chat_id_null": {"chat_id": None},
    "chat_id_10_to_the_30": {"chat_id": 10**30},
    "name_of_80_characters": {"name": "Anastasia" * 8 + "Theodora"},
    "name_null": {"name": None},
    "name_with_nul": {"name": "An\0na"},
    "name_with_lone_surrogate": {"name": "\udc38Zoë"},
    "message_count_as_text": {"message_count": "9"},
    "message_count_fraction_as_text": {"message_count": "1129.2"},
    "message_count_as_float": {"message_count": 17.0},
    "message_count_negative": {"message_count": -3},
    "message_count_10_to_the_30": {"message_count": 10**30},
    "message_count_nan": {"message_count": Verbatim("NaN")},
    "message_count_over_every_float": {"message_count": Verbatim("1e400")},
    "summary_a_text": {"summary": "talks a lot"},
    "summary_null": {"summary": None},
    "summary_key_no_date": {"summary": {"today": "asked for a poem", "20240517081530": 17}},
    "summary_with_nul": {"summary": {"20240517081530": "cut\0here"}},
    "profile_a_list": {"profile": ["likes trains"]},
    "profile_with_lone_surrogate": {"profile": {"20240517081530": {"mood": "\ud83d"}}},
    "profile_with_10_to_the_30": {"profile": {"20240517081530": {"steps": 10**30}}},
    "profile_with_infinity": {"profile": {"20240517081530": {"score": Verbatim("-Infinity")}}},
    "unknown_keys": {"_state": "waiting_for_name", "flags": {"vip": True, "until": None}},
}


def _as_profile(whole: Document, written: Document | None = None) -> Profile:
    return str(whole["chat_id"]), whole if written is None else written
