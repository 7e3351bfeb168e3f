"""What a process that is killed has noted, and how it is read while others go on."""

from pathlib import Path

from config.journey.handover.notes import Begun, Ended, Notebook, Notes

BEGUN = Begun("demo1.1", "update", "users", [1])
ENDED = Ended("demo1.1", "acknowledged", 0.01, [1])


def test_each_note_is_read_once(tmp_path: Path) -> None:
    book, notes = Notebook(tmp_path, 1), Notes(tmp_path)
    book.note(BEGUN)
    assert list(notes.new()) == [BEGUN]
    book.note(ENDED)
    Notebook(tmp_path, 2).note(BEGUN)
    assert list(notes.new()) == [ENDED, BEGUN]
    assert list(notes.new()) == []


def test_a_line_that_is_cut_short_waits_for_its_end(tmp_path: Path) -> None:
    Notebook(tmp_path, 1).note(BEGUN)
    file = tmp_path / "1.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    notes = Notes(tmp_path)
    assert list(notes.new()) == []
    file.write_bytes(whole)
    assert list(notes.new()) == [BEGUN]
