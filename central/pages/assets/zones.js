// Zones of a floor: their figures on the plan, in the table and on the card of the chosen one, and their colour.
import { figureHtml, figureShort, t } from "./words.js";
import { nice } from "./heat.js";

const UNKNOWN = { value: null, n: null, low: null, high: null, withheld: "silent" };

export class ZoneList {
  // root: of the page; onChoose: told the zone that was clicked.
  constructor(root, onChoose) {
    this.root = root;
    this.onChoose = onChoose;
    this.chosen = "";
    this.snapshot = null;
    this.stays = new Map();
    const keyed = (selector, name) => new Map([...root.querySelectorAll(selector)].map((found) => [found.dataset[name], found]));
    this.rows = keyed(".zones tr[data-zone]", "zone");
    this.grounds = keyed(".under [data-zone]", "zone");
    this.buttons = keyed(".over .hit", "zone");
    this.labels = keyed(".over [data-now]", "now");
    const choose = (event) => {
      const found = event.target.closest(".hit, button.link");
      if (found) this.onChoose(this.chosen === found.dataset.zone ? "" : found.dataset.zone);
    };
    root.addEventListener("click", choose);
    root.querySelector(".over").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.onChoose(event.target.dataset.zone);
      root.querySelector("[data-part=card] a")?.focus();
    });
    root.querySelector(".over").addEventListener("focusin", (event) => {
      if (event.target.matches(".hit:focus-visible") && this.chosen !== event.target.dataset.zone) this.onChoose(event.target.dataset.zone);
    });
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.chosen) return;
      this.buttons.get(this.chosen).focus({ focusVisible: false });
      this.onChoose("");
    });
  }

  now(snapshot) {
    this.snapshot = snapshot;
    const people = this.root.querySelector("[data-part=people]");
    people.innerHTML = `${figureHtml(snapshot.people)} <span class="quiet">${t("floor.on_floor")}</span>`;
    for (const [zone, row] of this.rows) {
      const figure = snapshot.zones[zone] ?? UNKNOWN;
      row.querySelector("[data-cell=now]").innerHTML = figureHtml(figure);
      this.label(zone);
      this.buttons.get(zone).setAttribute("aria-label", `${row.dataset.name}, ${figureShort(figure)}`);
    }
    this.card();
  }

  // On the plan stands what the colours are about.
  label(zone) {
    const label = this.labels.get(zone);
    const stay = this.stays.get(zone)?.median_s ?? UNKNOWN;
    if (label) label.textContent = this.by === "dwell" ? figureShort(stay, "seconds") : figureShort(this.snapshot?.zones[zone] ?? UNKNOWN);
  }

  // What was known of now is no longer.
  forget() {
    if (this.snapshot === null || this.snapshot.forgotten) return;
    const zones = Object.fromEntries([...this.rows.keys()].map((zone) => [zone, UNKNOWN]));
    this.now({ ...this.snapshot, people: UNKNOWN, zones, forgotten: true });
  }

  dwell(stays) {
    this.stays = stays;
    for (const [zone, row] of this.rows) {
      const found = stays.get(zone);
      row.querySelector("[data-cell=stay]").innerHTML = found ? figureHtml(found.median_s, "seconds") : "";
      row.querySelector("[data-cell=visitors]").innerHTML = found ? figureHtml(found.visitors) : "";
    }
    this.card();
  }

  choose(zone) {
    this.chosen = this.rows.has(zone) ? zone : "";
    for (const kept of [this.grounds, this.buttons, this.rows]) {
      for (const [name, element] of kept) element.classList.toggle("chosen", name === this.chosen);
    }
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(name === this.chosen));
    this.card();
  }

  card() {
    const card = this.root.querySelector("[data-part=card]");
    const row = this.rows.get(this.chosen);
    card.hidden = !row;
    if (!row) { card.replaceChildren(); card.dataset.said = ""; return; }
    const figure = this.snapshot?.zones[this.chosen] ?? UNKNOWN;
    const stay = this.stays.get(this.chosen);
    const parts = [[t("floor.now"), figureHtml(figure)]];
    if (figure.value !== null) {
      const [value, low, high] = [figure.value, figure.low, figure.high].map((one) => (one / Number(row.dataset.area)) * 100);
      parts.push([t("floor.density"), figureHtml({ value, n: figure.n, low, high }, "number")]);
    }
    if (stay) {
      parts.push([t("floor.stay"), figureHtml(stay.median_s, "seconds")], [t("floor.visitors"), figureHtml(stay.visitors)]);
      parts.push([t("floor.visits"), figureHtml(stay.visits)]);
    }
    const content = `<dl class="tiles">${parts.map(([name, html]) => `<div class="tile"><dt>${name}</dt><dd>${html}</dd></div>`).join("")}</dl>`;
    if (card.dataset.said === this.chosen + content) return;  // a screen reader hears what changed only
    card.dataset.said = this.chosen + content;
    const heading = Object.assign(document.createElement("h2"), { textContent: row.dataset.name });
    const kind = Object.assign(document.createElement("small"), { textContent: ` ${row.dataset.category}`, className: "quiet" });
    heading.append(kind);
    const figures = document.createElement("div");
    figures.innerHTML = content;
    const link = Object.assign(document.createElement("a"), { href: `/shops/${this.chosen}`, textContent: t("floor.shop_page") });
    const focused = card.contains(document.activeElement);
    card.replaceChildren(heading, figures, link);
    if (focused) link.focus();
  }

  // Colour zones by people per 100 m² ("occupancy"), by median stay ("dwell"), or not (null); gives the scale's end.
  colour(by, paint) {
    this.by = by;
    for (const zone of this.labels.keys()) this.label(zone);
    const values = new Map();
    for (const [zone, row] of by ? this.rows : []) {
      const figure = by === "dwell" ? this.stays.get(zone)?.median_s : this.snapshot?.zones[zone];
      if (figure && figure.value !== null) values.set(zone, by === "dwell" ? figure.value : (figure.value / Number(row.dataset.area)) * 100);
    }
    const most = Math.max(...values.values(), 0);
    const full = by === "dwell" ? Math.max(Math.ceil(most / 300) * 300, 300) : most ? nice(most) : 1;
    for (const [zone, ground] of this.grounds) {
      const value = values.get(zone);
      ground.style.fill = value === undefined ? "" : paint(value / full);
      ground.style.fillOpacity = value === undefined ? "" : "0.7";
      ground.classList.toggle("unknown", Boolean(by) && value === undefined);
    }
    return full;
  }
}
