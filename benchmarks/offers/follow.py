"""The engine in a process of its own: follows the feed until told to end, and says how it fared."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from pathlib import Path

from benchmarks.offers import scene
from calibration.site import load_site
from central.coupons.coupons import Coupons
from central.offers.engine import OfferEngine
from central.offers.rounds import LEAST_ROUND_S
from central.store.store import Store


def rss_mb() -> float:
    """Resident memory of this process, MB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main(folder: Path, settle_s: float) -> None:
    """Says ``ready`` when it has read everything and so many seconds have passed; its figures follow as JSON.

    It ends when its input does.
    """
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    site = load_site(folder / "site.toml")
    store = Store(folder / "central.db", site.id)
    empty_mb = rss_mb()
    book = scene.read_campaigns(folder / "campaigns.toml")
    engine = OfferEngine(store, site, book, Coupons(bytes(range(32)), site.timezone), bytes(32), channels=("mqtt",))
    began, used = time.perf_counter(), time.process_time()
    made_at_start = engine.update(time.time())
    while engine.unread:
        made_at_start += engine.update(time.time())
    start_s, start_cpu_s = time.perf_counter() - began, time.process_time() - used
    made_settling, until = 0, time.monotonic() + settle_s
    while time.monotonic() < until:
        made_settling += engine.update(time.time())
        time.sleep(LEAST_ROUND_S)
    print(json.dumps({"ready": start_s}), flush=True)
    last = store.database.rows("SELECT coalesce(max(number), 0) FROM offers")[0][0]
    told: list[tuple[float, float, float]] = []
    longest = rounds = 0.0
    cpu_s: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    while not ended.is_set():
        round_began, cpu_began = time.perf_counter(), time.process_time()
        made = engine.update(time.time())
        done, rounds = time.time(), rounds + 1
        cpu_s.append(time.process_time() - cpu_began)
        longest = max(longest, time.perf_counter() - round_began)
        if made:
            rows = store.database.rows(
                "SELECT number, json_extract(facts, '$.latency.heard_at') FROM offers WHERE number > ?", (last,)
            )
            told += [(row[1], done, done - row[1]) for row in rows]
            last = max((row[0] for row in rows), default=last)
        time.sleep(LEAST_ROUND_S)
    figures = {
        "start_s": start_s,
        "start_cpu_s": start_cpu_s,
        "made_at_start": made_at_start,
        "made_settling": made_settling,
        "members": engine.members,
        "latencies": [latency for _, _, latency in told],
        "rounds": rounds,
        "longest_round_s": longest,
        "round_cpu_s": cpu_s,
        "cpu_share": (time.process_time() - used) / (time.perf_counter() - began),
        "rss_mb": rss_mb(),
        "empty_mb": empty_mb,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
