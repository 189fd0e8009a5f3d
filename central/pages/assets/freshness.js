// How old what a page shows is, and that it says so: a page that hears nothing turns red.
import { now } from "./time.js";
import { ago, clock, duration, t } from "./words.js";

const SILENT_AFTER_S = 10;
const LOST_AFTER_S = 5;

export class Freshness {
  constructor() { this.last = null; this.at = 0; }

  // A snapshot came just now.
  heard(snapshot) { this.last = snapshot; this.at = performance.now(); }

  // {state, kind, text, at}: kind is a pill's class; at is since when a box is silent, as a time of the day.
  told() {
    if (this.last === null) return { state: "waiting", kind: "", text: t("floor.waiting") };
    const since = (performance.now() - this.at) / 1000;
    if (since > LOST_AFTER_S) return { state: "lost", kind: "bad", text: `✕ ${t("floor.lost", { span: duration(since) })}` };
    if (this.last.heard_s_ago === null) return { state: "never", kind: "bad", text: `✕ ${t("floor.never")}` };
    const old = this.last.heard_s_ago + since;
    if (old <= SILENT_AFTER_S) return { state: "live", kind: "good", text: `● ${t("floor.live", { ago: ago(old) })}` };
    const at = clock(now() - old);
    return { state: "silent", kind: "bad", text: `✕ ${t("floor.silent", { span: duration(old), at })}`, at };
  }
}
