"""One person's data in everything that Switchyard keeps: found, written out, deleted.

A person is a Telegram id, which is a private chat's id too. Which records are a person's the apps say, in their
persons.py (registry.py); every other place, kept copies of files and notes about records among them, is looked through
for what names the id as data does (cutting.py).
"""
