"""`atrium track`: MOT text in, MOT text out."""

import json

from typer.testing import CliRunner

from cli.main import app


def test_a_walker_is_followed_and_a_mannequin_left_out(tmp_path):
    lines = [f"{i + 1},-1,{50 + 5 * i},90,20,60,0.9,-1,-1,-1\n{i + 1},-1,300,90,20,60,0.9,-1,-1,-1" for i in range(20)]
    (tmp_path / "det.txt").write_text("\n".join(lines))
    out = tmp_path / "tracks.txt"
    done = CliRunner().invoke(app, ["track", str(tmp_path / "det.txt"), "--fps", "8", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.output)
    assert (figures["frames"], figures["people"], figures["boxes"]) == (20, 1, 20)
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert [int(row[0]) for row in rows] == list(range(1, 21))
    assert {row[1] for row in rows} == {"1"}
    assert all(len(row) == 10 for row in rows)


def test_a_frame_rate_of_nothing_is_refused(tmp_path):
    (tmp_path / "det.txt").write_text("1,-1,5,6,7,8,0.9\n")
    done = CliRunner().invoke(app, ["track", str(tmp_path / "det.txt"), "--fps", "0", "--out", str(tmp_path / "o.txt")])
    assert done.exit_code == 2
    assert "--fps" in done.output
