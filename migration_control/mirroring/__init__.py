"""Copying one write at once to the store that is not the authority, and draining what that missed.

A copy is never what decides: the note that the other store lacks a version was committed with the write itself, and
goes only once a copy of that version, or a newer one, is there.
"""
