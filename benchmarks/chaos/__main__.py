"""Half an hour of faults in a mall of three hosts: nothing may be lost or doubled, every fault named, all healed.

    python -m benchmarks.chaos [--minutes 30] [--seed N] [--out DIR] [--plot FILE.png] [--json] [--only NAME,...]

Needs root, for network and mount namespaces, and the tools that :func:`benchmarks.chaos.host.missing` names. The camera
LAN, a box and central are brought up from the files that ``atrium firmware render`` gives; cameras send real RTSP, the
box sees with its default model, and its events go through its own broker, the bridge and the mall's broker. Faults are
drawn from the seed: kill -9 of every service and broker, a broker restarted, the link cut, 5 % of packets lost, 300 ms
of delay, disks filled, the box's clock stepped, cameras frozen, stopped and turned. Each is held until Ops names it,
then undone; nothing else is touched. While it stands something else may be killed and started again at once.

Exit status 0 where every event that the box ever committed is at central once, every fault was named within 30 s and
everything was calm again within 2 minutes of its end. About 3 minutes come on top for bringing up and settling.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.chaos.host import missing
from benchmarks.chaos.plot import draw
from benchmarks.chaos.report import table, told
from benchmarks.chaos.run import chaos
from benchmarks.chaos.verdict import judge
from contract.errors import AtriumError


def main(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="For which faults are drawn.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Of people, faults and lost packets.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for logs, samples and databases; else a temporary.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Where the timeline goes.")] = None,
    only: Annotated[str, typer.Option(help="Names of faults, separated by commas; else all.")] = "",
    blinks: Annotated[bool, typer.Option(help="Kill services on the side.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
) -> None:
    """Does it, and says whether the appliance stood it."""
    if lacks := missing():
        raise SystemExit(f"benchmarks.chaos: {lacks}")
    wanted = frozenset(name.strip() for name in only.split(",") if name.strip())
    with tempfile.TemporaryDirectory(prefix="atrium-chaos-") as temporary:
        folder = out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            ran = chaos(folder, 60 * minutes, seed, lambda line: print(line, flush=True), wanted=wanted, blinks=blinks)
        except AtriumError as error:
            raise SystemExit(f"benchmarks.chaos: {error}") from None
        verdict = judge(ran)
        print("\n".join([*table(ran), *told(ran, verdict)]))
        if plot is not None or out is not None:
            draw(ran, plot or folder / "chaos.png", f"{minutes:g} minutes, seed {seed}")
    if as_json:
        print(json.dumps(asdict(verdict) | {"stood": verdict.stood}))
    sys.exit(0 if verdict.stood else 1)


if __name__ == "__main__":
    typer.run(main)
