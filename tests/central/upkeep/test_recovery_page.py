"""The commands on the page about recovery, in their order, by somebody whose database is gone between two of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from central.config import load_config
from central.upkeep.backup import backups
from cli.main import app
from tests.central.mall import ROOT
from tests.central.upkeep.test_backups import KEY, NOON, opened, put_events, write_site

PAGE = (ROOT / "docs" / "recovery.md").read_text(encoding="utf-8")


def test_the_commands_on_the_page_do_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    (settings,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert [shlex.split(line)[2] for line in commands] == ["backup-key", "backup", "restore"]
    write_site(tmp_path)
    config = tmp_path / "CENTRAL.toml"
    config.write_text(f'schema = "atrium.central.v1"\nsite = "site.toml"\n{settings}')
    (tmp_path / "secrets.json").write_text(json.dumps({"phone_key": KEY, "cookie_key": KEY}))
    store = opened(config)
    put_events(store, NOON)
    store.close()
    monkeypatch.chdir(tmp_path)
    for line in commands:
        words = shlex.split(line)
        if words[2] == "restore":
            for path in tmp_path.glob("central.db*"):
                path.unlink()
            (words[3],) = (str(path.relative_to(tmp_path)) for path in backups(load_config(config).backup.folder))
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, done.exception
    assert (tmp_path / "central.db").exists()


def test_json_is_for_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_site(tmp_path)
    (tmp_path / "CENTRAL.toml").write_text('schema = "atrium.central.v1"\nsite = "site.toml"\n')
    (tmp_path / "secrets.json").write_text(json.dumps({"phone_key": KEY, "cookie_key": KEY}))
    opened(tmp_path / "CENTRAL.toml").close()
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    assert run.invoke(app, ["central", "backup-key", "CENTRAL.toml", "--secret", "key"]).exit_code == 0
    told = json.loads(run.invoke(app, ["central", "backup", "CENTRAL.toml", "--json"]).stdout)
    assert Path(told["path"]).is_file()
    for path in tmp_path.glob("central.db*"):
        path.unlink()
    done = run.invoke(app, ["central", "restore", told["path"], "--key", "key", "--into", "CENTRAL.toml", "--json"])
    assert json.loads(done.stdout)["erased"] == 0
