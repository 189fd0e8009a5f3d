"""What was kept of a look is gone back to only while the model and the code that looks are the same."""

from __future__ import annotations

from benchmarks.eval import looked
from benchmarks.eval.looked import print_of_looking


def test_the_print_changes_with_the_model_and_every_file_and_with_nothing_else(tmp_path, monkeypatch):
    code = tmp_path / "edge" / "detect"
    code.mkdir(parents=True)
    (code / "eye.py").write_text("SEES = 1")
    (code / "notes.txt").write_text("of no account")
    model, more = tmp_path / "model.onnx", tmp_path / "more.py"
    model.write_bytes(b"weights")
    more.write_text("")
    monkeypatch.setattr(looked, "ROOT", tmp_path)
    prints = [print_of_looking(model, more)]
    (code / "notes.txt").write_text("still of no account")
    assert print_of_looking(model, more) == prints[0]
    for file in (model, code / "eye.py", more):
        file.write_text("another")
        prints.append(print_of_looking(model, more))
    assert len(set(prints)) == 4
