// How old what a page shows is, and that it says so: a page that hears nothing turns red.
import { ago, clock, duration, t } from "./words.js";

const SILENT_AFTER_S = 10;
const LOST_AFTER_S = 5;

export class Freshness {
  constructor() { this.last = null; this.at = 0; }

  // A snapshot came just now.
  heard(snapshot) { this.last = snapshot; this.at = performance.now(); }

  // {kind, text, isLive}: kind is a pill's class.
  told() {
    if (this.last === null) return { kind: "", text: t("floor.waiting"), isLive: false };
    const since = (performance.now() - this.at) / 1000;
    if (since > LOST_AFTER_S) return { kind: "bad", text: `✕ ${t("floor.lost", { span: duration(since) })}`, isLive: false };
    if (this.last.heard_s_ago === null) return { kind: "bad", text: `✕ ${t("floor.never")}`, isLive: false };
    const old = this.last.heard_s_ago + since;
    if (old <= SILENT_AFTER_S) return { kind: "good", text: `● ${t("floor.live", { ago: ago(old) })}`, isLive: true };
    const at = clock(Date.now() / 1000 - old);
    return { kind: "bad", text: `✕ ${t("floor.silent", { span: duration(old), at })}`, isLive: false };
  }
}
