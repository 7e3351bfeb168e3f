from conversations.documents import MessageDocument, ProfileDocument, SettingDocument
from conversations.keys import message_columns, setting_columns
from conversations.models import Message, Profile, Setting
from legacy_json.layouts import FolderOf, Generations, ObjectOf, SequenceOf
from migration_control.bots import companion
from migration_control.components import Component, register

PROFILES = register(
    Component(
        name="profiles",
        model=Profile,
        document=ProfileDocument,
        places=(companion(Generations((ObjectOf("girls_data.json", section="girls"), FolderOf("girls_data")))),),
    )
)
CONVERSATIONS = register(
    Component(
        name="conversations",
        model=Message,
        document=MessageDocument,
        places=(companion(SequenceOf("conversations/*.json")),),
        key=str,
        derived=message_columns,
    )
)
CONFIGURATION = register(
    Component(
        name="configuration",
        model=Setting,
        document=SettingDocument,
        places=(companion(ObjectOf("config.json", wrap="value")),),
        key=str,
        derived=setting_columns,
    )
)
