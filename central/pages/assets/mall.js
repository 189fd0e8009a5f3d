// The mall page: every floor's shared snapshot every two seconds, occupancy, doors and faults less often.
import { Trouble, ask } from "./api.js";
import { MovingLayer } from "./canvas.js";
import { Freshness } from "./freshness.js";
import { now, told } from "./time.js";
import { escaped, figureHtml, k, midnight, number, rfc3339, t } from "./words.js";

const FLOOR_EVERY_MS = 2000;
const REST_EVERY_MS = 10_000;
const MOST_FAULTS = 3;
const KINDS = { critical: "bad", over: "bad", warning: "warn", near: "warn" };
const HEAT_S = 900;
const FOLD_S = 4;  // so long after a minute's end its heat is complete
const TROUBLED = { never: "mall.floor_never", silent: "mall.floor_silent", lost: "mall.floor_lost" };

// The sum of counts; one that is withheld is anything from 0 to k - 1.
function sum(figures) {
  const told = figures.filter((figure) => figure.value !== null);
  if (!told.length) return { value: null, n: null, low: null, high: null, withheld: "few" };
  const total = (name) => told.reduce((before, figure) => before + figure[name], 0);
  return { value: total("value"), n: total("value"), low: total("low"), high: total("high") + (figures.length - told.length) * (k - 1), withheld: "" };
}

// What comes of the promise; nothing where the API said no: the next round asks again, and the pills say how old all is.
const asked = (promise) => promise.catch((error) => { if (!(error instanceof Trouble)) throw error; });

class SmallFloor {
  constructor(card) {
    this.card = card;
    this.id = card.dataset.floor;
    this.name = card.dataset.name;
    const plan = card.querySelector(".plan");
    this.layer = new MovingLayer(plan.querySelector("canvas"), plan.dataset.size.split(" ").map(Number), Number(plan.dataset.margin));
    this.layer.showsDots = true;
    this.freshness = new Freshness();
  }

  part(name) { return this.card.querySelector(`[data-part="${name}"]`); }

  hear(snapshot) {
    told(snapshot.at);
    this.freshness.heard(snapshot);
    this.part("seen").innerHTML = figureHtml(snapshot.people);
    this.layer.change(null, snapshot.dots);
  }

  // Show the heat of the last quarter of an hour where there is a newer one.
  async warm() {
    const end = Math.floor((now() - FOLD_S) / 60) * 60;
    if (end === this.heatEnd) return;
    const found = await ask("/v1/heatmap", { floor: this.id, from: rfc3339(end - HEAT_S), to: rfc3339(end) });
    this.heatEnd = end;
    const people = this.layer.heat.grid(found.blocks.map((one) => [one.x, one.y, one.size_m, one.density]));
    const seconds = (Date.parse(found.window.to) - Date.parse(found.window.from)) / 1000;
    for (let i = 0; i < people.length; i++) people[i] *= 100 / seconds;
    this.layer.change(people, this.layer.dots);
  }

  occupancy(found) {
    this.part("by_doors").innerHTML = figureHtml(found.by_doors);
    const most = found.seen.value ?? found.by_doors.value;
    this.part("capacity").hidden = found.capacity === null;
    if (found.capacity === null) return;
    const share = most === null ? 0 : most / found.capacity;
    this.share = `${number(share * 100)}%`;
    const cell = this.part("capacity");
    cell.querySelector(".share").textContent = most === null ? number(found.capacity) : t("mall.of_capacity", { share: this.share, capacity: found.capacity });
    cell.querySelector(".meter").className = `meter ${found.alert}`;
    cell.querySelector(".meter span").style.width = `${Math.min(share, 1) * 100}%`;
    this.alert = found.alert;
  }

  tick() {
    const { state, kind, text, at } = this.freshness.told();
    const pill = this.part("fresh");
    if (pill.textContent !== text) pill.textContent = text;
    pill.className = `pill end ${kind}`;
    this.card.querySelector(".frame").classList.toggle("silent", kind === "bad");
    Object.assign(this, { state, silentSince: at });
  }
}

class MallView extends HTMLElement {
  connectedCallback() {
    this.floors ??= [...this.querySelectorAll(".floor")].map((card) => new SmallFloor(card));
    this.ops = { faults: [] };
    this.timers = [setInterval(() => this.live(), FLOOR_EVERY_MS), setInterval(() => this.rest(), REST_EVERY_MS), setInterval(() => this.tick(), 500)];
    this.live();
    this.rest();
  }

  disconnectedCallback() { this.timers.forEach(clearInterval); }

  part(name) { return this.querySelector(`:scope > .over [data-part="${name}"], :scope > .head [data-part="${name}"]`); }

  async live() {
    if (document.hidden) return;
    const found = await asked(ask("/v1/live"));
    if (found) for (const floor of this.floors) floor.hear(found.floors[floor.id]);
    this.tick();
  }

  async rest() {
    if (document.hidden) return;
    const at = now();
    for (const floor of this.floors) asked(floor.warm());
    const [occupancy, crossings, ops] = await Promise.all([
      asked(ask("/v1/occupancy")),
      asked(ask("/v1/crossings", { from: rfc3339(midnight(at)), to: rfc3339(at), limit: 10_000 })),
      asked(ask("/v1/ops", { language: document.documentElement.lang.slice(0, 2) })),
    ]);
    if (occupancy) this.occupancy(occupancy);
    if (crossings) this.crossings(crossings);
    if (ops) this.ops = ops;
    this.tick();
  }

  occupancy(found) {
    this.part("seen").innerHTML = figureHtml(found.mall.seen);
    this.part("by_doors").innerHTML = figureHtml(found.mall.by_doors);
    const by = new Map(found.floors.map((one) => [one.floor, one]));
    for (const floor of this.floors) if (by.has(floor.id)) floor.occupancy(by.get(floor.id));
  }

  crossings(found) {
    const counts = { in: [], out: [] };
    for (const one of found.crossings) {
      const row = this.querySelector(`.doors tr[data-floor="${CSS.escape(one.floor)}"][data-line="${CSS.escape(one.line)}"]`);
      if (!row) continue;
      row.querySelector(`[data-cell=${one.direction}]`).innerHTML = figureHtml(one.crossings);
      counts[one.direction].push(one.crossings);
    }
    this.part("in_today").innerHTML = figureHtml(sum(counts.in));
    this.part("out_today").innerHTML = figureHtml(sum(counts.out));
  }

  // [kind, words, link] of everything that somebody should look at, worst first.
  needs() {
    const faults = this.ops.faults.filter(({ severity }) => severity !== "note");
    const found = faults.slice(0, MOST_FAULTS).map(({ severity, sentence }) => [KINDS[severity], sentence, "/ops"]);
    const more = faults.length - found.length;
    if (more > 0) found.push(["warn", t("mall.more_faults", { n: more }), "/ops"]);
    const blamed = new Set(faults.map(({ floor }) => floor));
    for (const { id, name, alert, share, state, silentSince } of this.floors) {
      if (alert) found.push([KINDS[alert], t(`mall.${alert}`, { floor: name, share }), `/floor/${id}`]);
      if (state in TROUBLED && !blamed.has(id)) found.push(["bad", t(TROUBLED[state], { floor: name, at: silentSince }), `/floor/${id}`]);
    }
    return found.sort(([one], [other]) => (other === "bad") - (one === "bad"));
  }

  tick() {
    this.floors.forEach((floor) => floor.tick());
    const live = this.floors.filter((floor) => floor.state === "live").length;
    const pill = this.part("fresh");
    const text = t("mall.floors_live", { n: live, all: this.floors.length });
    if (pill.textContent !== text) pill.textContent = text;
    pill.className = `pill end ${live === this.floors.length ? "good" : "bad"}`;
    const said = this.needs().map(([kind, words, link]) => [kind, `<a href="${link}">${escaped(words)}</a>`]);
    if (!said.length && live === this.floors.length) said.push(["good", escaped(t("mall.all_well"))]);
    const html = said.map(([kind, words]) => `<li class="said ${kind}">${words}</li>`).join("");
    const list = this.part("look");
    if (list.dataset.said === html) return;  // a screen reader hears what changed only
    list.dataset.said = html;
    list.innerHTML = html;
  }
}

customElements.define("atrium-mall", MallView);
