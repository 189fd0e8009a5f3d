// Playback of a floor's heat: pictures of a stretch of time, gone through with a scrubber or played.
import { Trouble, ask } from "./api.js";
import { nice } from "./heat.js";
import { now } from "./time.js";
import { clock, day, fromLocal, midnight, rfc3339, t, toLocal } from "./words.js";

const FRAME_MS = 700;
const MOST_FRAMES = 200;
const FULL_SHARE = 0.98;
const QUARTER_S = 900;
const FOLD_S = 4;  // so long after a minute's end its heat is complete

export class Playback {
  // root: of the page; onLegend: told what the scale means when pictures have come.
  constructor(root, floor, layer, onLegend) {
    Object.assign(this, { root, floor, layer, onLegend, frames: [], grids: [], timer: 0 });
    this.scrub = this.part("scrub");
    this.scrub.addEventListener("input", () => { this.pause(); this.show(200); });
    root.querySelector("[data-act=play]").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    root.querySelector("[data-act=load]").addEventListener("click", () => this.load());
    this.part("speed").addEventListener("change", () => { if (this.timer) { this.pause(); this.play(); } });
    this.part("range").addEventListener("change", () => {
      const isOwn = this.part("range").value === "own";
      this.part("own").hidden = !isOwn;
      if (isOwn) this.suggest();
      else this.load();
    });
  }

  part(name) { return this.root.querySelector(`[data-part="${name}"]`); }

  // [from, to] of the chosen stretch, on the grid of whole quarter-hours, or of minutes within the last hour.
  range(at) {
    const minute = Math.floor((at - FOLD_S) / 60) * 60;
    const quarter = Math.floor(at / QUARTER_S) * QUARTER_S;
    const today = midnight(at);
    switch (this.part("range").value) {
      case "15": return [minute - 900, minute];
      case "60": return [minute - 3600, minute];
      case "yesterday": return [midnight(today - 1), today];
      case "week": return [midnight(today - 6 * 86400 + 3600), quarter];
      case "month": return [midnight(today - 27 * 86400 + 3600), quarter];
      case "own": return [fromLocal(this.part("from").value), fromLocal(this.part("to").value)];
      default: return [today, quarter];
    }
  }

  suggest() {
    const hour = Math.floor(now() / 3600) * 3600;
    if (!this.part("from").value) this.part("from").value = toLocal(hour - 3 * 3600);
    if (!this.part("to").value) this.part("to").value = toLocal(hour);
  }

  async load(who = this.who) {
    this.who = who;
    this.pause();
    const [start, end] = this.range(now());
    if (!(end > start)) return this.told(t("floor.no_range"));
    const step = end - start <= 3600 ? 60 : Math.max(QUARTER_S, Math.ceil((end - start) / MOST_FRAMES / QUARTER_S) * QUARTER_S);
    const frames = Math.min(Math.ceil((end - start) / step), MOST_FRAMES);
    this.told(t("floor.loading"));
    try {
      const found = await ask("/v1/playback", { floor: this.floor, from: rfc3339(start), to: rfc3339(end), frames, who });
      this.take(found.frames);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      this.take([]);
      this.told(error.message);
    }
  }

  take(frames) {
    this.frames = frames.map((frame) => ({ ...frame, start: Date.parse(frame.from) / 1000, end: Date.parse(frame.to) / 1000 }));
    this.grids = this.frames.map(({ blocks, start, end }) => {
      const grid = this.layer.heat.grid(blocks.map((one) => (Array.isArray(one) ? one : [one.x, one.y, one.size_m, one.density])));
      for (let i = 0; i < grid.length; i++) grid[i] *= 100 / (end - start);
      return grid;
    });
    const walked = this.grids.flatMap((grid) => Array.from(grid).filter((value) => value > 0)).sort((a, b) => a - b);
    this.full = walked.length ? nice(walked[Math.min(Math.floor(walked.length * FULL_SHARE), walked.length - 1)]) : 0;
    this.scrub.max = Math.max(this.frames.length - 1, 0);
    this.scrub.value = this.scrub.max;
    this.onLegend({ full: this.full, isEmpty: !walked.length, meaning: t("floor.heat_mean") });
    this.show(200);
  }

  show(changeMs) {
    const frame = this.frames[this.scrub.value];
    if (!frame) return this.told(t("floor.no_pictures"));
    this.layer.heat.full = this.full;
    this.layer.change(this.grids[this.scrub.value], [], { changeMs, keepsScale: true });
    const isDay = frame.end - frame.start >= 86400;
    const text = isDay ? day(frame.start) : `${day(frame.start)} ${clock(frame.start)}–${clock(frame.end)}`;
    this.scrub.setAttribute("aria-valuetext", text);
    this.told(text);
  }

  told(text) { this.part("moment").textContent = text; }

  play() {
    if (!this.frames.length) return;
    if (Number(this.scrub.value) >= this.frames.length - 1) this.scrub.value = 0;
    const every = FRAME_MS / Number(this.part("speed").value);
    this.show(every);
    this.timer = setInterval(() => {
      if (Number(this.scrub.value) >= this.frames.length - 1) return this.pause();
      this.scrub.value = Number(this.scrub.value) + 1;
      this.show(every);
    }, every);
    this.root.querySelector("[data-act=play]").textContent = t("floor.pause");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.root.querySelector("[data-act=play]").textContent = t("floor.play");
  }

  stop() { this.pause(); }
}
