// The floor page: joins the live stream, the chosen window's heat, zones and dwell, and hands playback over to its own part.
import { Stream, Trouble, ask } from "./api.js";
import { MovingLayer } from "./canvas.js";
import { Freshness } from "./freshness.js";
import { Playback } from "./playback.js";
import { Stage } from "./stage.js";
import { now, told } from "./time.js";
import { ZoneList } from "./zones.js";
import { decimals, duration, midnight, number, rfc3339, t } from "./words.js";

const FOLD_S = 4;  // so long after a minute's end its heat is complete
const STAYS_EVERY_S = 30;
const AGAIN_MS = 5000;
const NOW_LASTS_S = 8;  // "now" is a mean that forgets over so many seconds
const NOW_STAYS_MIN = 15;  // stays beside the heat of "now" are of so many minutes
const DEFAULTS = { mode: "live", show: "heat", window: "15", who: "shoppers", zone: "" };

const blocksOf = (heat) => heat.blocks.map((one) => (Array.isArray(one) ? one : [one.x, one.y, one.size_m, one.density]));
const secondsOf = (window) => (Date.parse(window.to) - Date.parse(window.from)) / 1000;

class FloorView extends HTMLElement {
  connectedCallback() {
    if (!this.layer) this.build();
    this.listen();
    this.ticking = setInterval(() => this.tick(), 500);
    this.choose({});
  }

  disconnectedCallback() {
    this.stream.end();
    this.playback.stop();
    clearInterval(this.ticking);
  }

  // One stream of shared seconds, of the people that were chosen.
  listen() {
    this.stream?.end();
    this.stream = new Stream(`/v1/live/${this.dataset.floor}/stream?who=${this.state.who}`, (snapshot) => this.hear(snapshot));
  }

  part(name) { return this.querySelector(`[data-part="${name}"]`); }

  build() {
    const plan = this.querySelector(".plan");
    this.layer = new MovingLayer(plan.querySelector("canvas"), plan.dataset.size.split(" ").map(Number), Number(plan.dataset.margin));
    this.layer.showsDots = true;
    this.heat = this.layer.heat;
    this.freshness = new Freshness();
    this.zones = new ZoneList(this, (zone) => this.choose({ zone }));
    this.playback = new Playback(this, this.dataset.floor, this.layer, (legend) => this.legend(legend));
    this.stage = new Stage(plan, plan.querySelector(".layers"), (zoom) => { this.layer.zoom = zoom; this.layer.draw(); });
    const asked = new URLSearchParams(location.search);
    this.state = Object.fromEntries(Object.entries(DEFAULTS).map(([name, usual]) => [name, asked.get(name) ?? usual]));
    for (const name of ["mode", "show", "window", "who"]) {
      if (!this.querySelector(`[data-group="${name}"] [data-choice="${CSS.escape(this.state[name])}"]`)) this.state[name] = DEFAULTS[name];
    }
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const group = button?.closest("[data-group]");
      if (group) this.choose({ [group.dataset.group]: button.dataset.choice });
      if (button?.dataset.zoom) this.stage.act(button.dataset.zoom);
    });
    this.querySelector("[data-switch=dots]").addEventListener("change", (event) => {
      this.layer.showsDots = event.target.checked;
      this.layer.draw();
    });
    this.base = { grid: this.heat.grid([]), seconds: 0, key: "" };
    this.extra = { grid: this.heat.grid([]), seconds: 0, at: 0 };
    this.stays = { key: "" };
  }

  choose(change) {
    const isOther = change.who && change.who !== this.state.who;
    Object.assign(this.state, change);
    if (isOther) this.listen();
    const query = Object.entries(this.state).filter(([name, value]) => value !== DEFAULTS[name]);
    history.replaceState(history.state, "", query.length ? `?${new URLSearchParams(query)}` : location.pathname);
    for (const group of this.querySelectorAll("[data-group]")) {
      for (const button of group.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(button.dataset.choice === this.state[group.dataset.group]));
      }
    }
    const isLive = this.state.mode === "live";
    this.classList.toggle("playing-back", !isLive);
    for (const group of ["show", "window"]) this.querySelector(`[data-group="${group}"]`).hidden = !isLive;
    this.querySelector(".switch").hidden = !isLive;
    this.part("playback").hidden = isLive;
    this.layer.showsHeat = !isLive || this.state.show === "heat";
    this.zones.choose(this.state.zone);
    if (isLive) {
      this.layer.showsDots = this.querySelector("[data-switch=dots]").checked;
      this.playback.stop();
      this.paint();
    } else {
      this.layer.showsDots = false;
      this.zones.colour(null);
      if (change.mode || change.who || !this.playback.frames.length) this.playback.load(this.state.who);
    }
    this.refresh();
    this.tick();
  }

  // The window's start and end, seconds since 1970: whole minutes, of which the last is complete.
  window(at) {
    const end = Math.floor((at - FOLD_S) / 60) * 60;
    if (this.state.window === "today") return [midnight(at), end];
    return [end - Number(this.state.window === "now" ? NOW_STAYS_MIN : this.state.window) * 60, end];
  }

  // Heat and stays of the chosen window, asked for where what is here is of another one.
  async refresh() {
    const { mode, who, window } = this.state;
    const [start, end] = this.window(now());
    if (end <= start) return;
    const asked = { from: rfc3339(start), to: rfc3339(end), who };
    const work = [this.askStays(`${who} ${window} ${Math.floor(now() / STAYS_EVERY_S)}`, asked)];
    if (mode === "live") work.push(this.askHeat(`${who} ${window} ${end}`, asked));
    try {
      await Promise.all(work);
      this.trouble("");
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      this.trouble(error.message);
    }
  }

  async askHeat(key, asked) {
    if (key === this.base.key) return;
    const isNow = this.state.window === "now";
    if (isNow && this.base.key.startsWith(key.split(" ").slice(0, 2).join(" "))) return;  // it forgets by itself
    this.base = { ...this.base, key };
    const heat = isNow ? { blocks: [], window: { from: 0, to: 0 } } : await this.asked("base", key, "/v1/heatmap", { floor: this.dataset.floor, ...asked });
    if (this.base.key !== key) return;  // something else was chosen meanwhile
    this.base = { key, grid: this.heat.grid(blocksOf(heat)), seconds: isNow ? 0 : secondsOf(heat.window) };
    this.extra = { grid: this.heat.grid([]), seconds: 0, at: 0 };
    this.paint();
  }

  async askStays(key, asked) {
    if (key === this.stays.key) return;
    this.stays = { key };
    const found = await this.asked("stays", key, "/v1/dwell", asked);
    if (this.stays.key !== key) return;
    this.zones.dwell(new Map(found.zones.map((zone) => [zone.zone, zone])));
    this.paint();
  }

  // The answer; where there is none, it will be asked for again.
  async asked(kept, key, path, parameters) {
    try {
      return await ask(path, parameters);
    } catch (error) {
      setTimeout(() => { if (this[kept].key === key) this[kept].key = ""; }, AGAIN_MS);
      throw error;
    }
  }

  trouble(text) {
    this.part("trouble").hidden = !text;
    this.part("trouble").textContent = text;
  }

  hear(snapshot) {
    told(snapshot.at);
    this.freshness.heard(snapshot);
    if (this.freshness.told().state === "live") this.add(snapshot);
    this.refresh();
    this.paint(snapshot.dots);
    this.zones.now(snapshot);
    this.tick();
  }

  // The present seconds on top of the whole minutes of the window.
  add(snapshot) {
    const step = this.extra.at ? Math.min(Math.max(snapshot.at - this.extra.at, 0), 2) : 1;
    const present = this.heat.grid(blocksOf(snapshot));
    const { grid } = this.extra;
    if (this.state.window === "now") {
      const keep = this.extra.seconds ? Math.exp(-step / NOW_LASTS_S) : 0;
      for (let i = 0; i < grid.length; i++) grid[i] = grid[i] * keep + present[i] * (1 - keep);
      this.extra.seconds = 1;
    } else {
      for (let i = 0; i < grid.length; i++) grid[i] += present[i] * step;
      this.extra.seconds += step;
    }
    this.extra.at = snapshot.at;
  }

  // Show what is known, with these dots where they are new.
  paint(dots = this.layer.dots) {
    if (this.state.mode !== "live") return;
    const seconds = this.base.seconds + this.extra.seconds;
    const people = new Float32Array(this.base.grid.length);
    if (seconds) for (let i = 0; i < people.length; i++) people[i] = ((this.base.grid[i] + this.extra.grid[i]) / seconds) * 100;
    this.layer.change(people, dots);
    const { show } = this.state;
    if (show === "heat") {
      this.zones.colour(null);
      this.legend({ full: this.heat.full, isEmpty: this.heat.empty, meaning: t(`floor.heat_${this.state.window === "now" ? "now" : "mean"}`) });
    } else {
      const full = this.zones.colour(show, (share) => this.heat.colour(share));
      this.legend({ full, isEmpty: false, meaning: t(`floor.${show}_meaning`), write: show === "dwell" ? duration : undefined });
    }
  }

  legend({ full, isEmpty, meaning, write = (value) => number(value, decimals(value)) }) {
    this.part("legend").hidden = isEmpty;
    this.part("too-few").hidden = !isEmpty;
    this.part("low").textContent = write(0);
    this.part("half").textContent = write(full / 2);
    this.part("full").textContent = t("floor.or_more", { value: write(full) });
    this.part("meaning").textContent = meaning;
  }

  tick() {
    const { kind, text } = this.freshness.told();
    const pill = this.part("fresh");
    if (pill.textContent !== text) pill.textContent = text;
    pill.className = `pill end ${kind}`;
    const isOld = kind === "bad" && this.state.mode === "live";
    this.querySelector(".frame").classList.toggle("silent", isOld);
    this.part("veil").hidden = !isOld;
    this.part("veil").textContent = isOld ? t("floor.not_live", { why: text.slice(2) }) : "";
    if (kind === "bad") this.zones.forget();
  }
}

customElements.define("atrium-floor", FloorView);
