// The page's words in its language, and how that language writes durations, times and figures. The words lie in the page.
const given = JSON.parse(document.getElementById("words").textContent);
const TZ = { timeZone: given.timezone, hourCycle: "h23" };
const timeFormat = new Intl.DateTimeFormat(given.language, { ...TZ, hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en", { ...TZ, weekday: "short", day: "numeric", month: "numeric", year: "numeric" });
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const partsFormat = new Intl.DateTimeFormat("en", { ...TZ, hour: "numeric", minute: "numeric", second: "numeric" });
const WHOLE_MINUTES_FROM_S = 900;
const RANGE_UNITS = [["h", 3600], ["min", 60], ["s", 1]];

export const k = given.k;
export const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function number(value, digits = 0) {
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" };  // as Python
  return value.toLocaleString("en-US", format);
}

// So many decimals tell a value of a scale as it is, at most four: a quiet floor's scale ends at 0.1 people per 100 m².
export function decimals(value) {
  let digits = 0;
  while (digits < 4 && Math.abs(value * 10 ** digits - Math.round(value * 10 ** digits)) > 1e-6) digits++;
  return digits;
}

// The text of "table.key" with its values; as in i18n.py.
export function t(key, values = {}) {
  const [table, name] = key.split(".");
  let phrase = given[table][name];
  if (typeof phrase !== "string") phrase = (values.n === 1 && phrase.one) || phrase.other;
  return phrase.replace(/\{(\w+)\}/g, (_, one) => {
    const value = values[one];
    return typeof value === "number" ? number(value, Number.isInteger(value) ? 0 : 1) : String(value);
  });
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return t("units.s", { n: whole });
  if (whole < WHOLE_MINUTES_FROM_S) {
    const rest = whole % 60;
    return t("units.min", { n: Math.floor(whole / 60) }) + (rest ? ` ${t("units.s", { n: rest })}` : "");
  }
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return t("units.min", { n: minutes });
  const [unit, rest] = hours < 48 ? ["h", minutes % 60] : ["d", hours % 24];
  const first = t(`units.${unit}`, { n: hours < 48 ? hours : Math.floor(hours / 24) });
  return first + (rest ? ` ${t(hours < 48 ? "units.min" : "units.h", { n: rest })}` : "");
}

// From one duration to another in one unit; as in i18n.py.
export function durationRange(low, high) {
  const [unit, length] = RANGE_UNITS.find(([, seconds]) => high >= seconds * 2 || seconds === 1);
  const digits = unit !== "s" && high < 10 * length ? 1 : 0;
  return t(`units.${unit}`, { n: t("figures.range", { low: number(low / length, digits), high: number(high / length, digits) }) });
}

export const ago = (seconds) => t("units.ago", { span: duration(seconds) });
export const clock = (at) => timeFormat.format(at * 1000);

// As in i18n.py.
export function day(at) {
  const parts = Object.fromEntries(dayFormat.formatToParts(at * 1000).map((part) => [part.type, part.value]));
  const weekday = t(`dates.weekday_${WEEKDAYS.indexOf(parts.weekday) + 1}`);
  return t("dates.day", { ...parts, weekday, month: t(`dates.month_${parts.month}`) });
}

// Seconds since 1970 of the last midnight at the site.
export function midnight(now) {
  const since = (at) => {
    const parts = Object.fromEntries(partsFormat.formatToParts(at * 1000).map((part) => [part.type, Number(part.value)]));
    return parts.hour * 3600 + parts.minute * 60 + parts.second;
  };
  const first = Math.floor(now) - since(now);
  const off = since(first);  // not 0 where the clocks were changed today
  return off > 43200 ? first + 86400 - off : first - off;
}

const localFormat = new Intl.DateTimeFormat("sv-SE", { ...TZ, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });

// As an input of type datetime-local has it, in the site's time.
export const toLocal = (at) => localFormat.format(at * 1000).replace(" ", "T");

// Back again; NaN where it is no time.
export function fromLocal(text) {
  const asUtc = Date.parse(`${text}Z`) / 1000;
  if (Number.isNaN(asUtc)) return NaN;
  const ahead = (at) => Date.parse(`${toLocal(at)}Z`) / 1000 - at;
  const first = asUtc - ahead(Math.floor(asUtc / 60) * 60);
  return asUtc - ahead(Math.floor(first / 60) * 60);
}

const writers = {
  people: (value) => number(value),
  share: (value) => `${number(value * 100)}%`,
  seconds: duration,
  number: (value) => number(value, 1),
};

export const rfc3339 = (at) => new Date(Math.round(at) * 1000).toISOString();

// A figure's value, or in words why there is none; as in figure.py.
export function figureText(figure, unit = "people") {
  if (figure.value === null) return t(`figures.${figure.withheld || "silent"}`, { k });
  return writers[unit](figure.value);
}

export function figureShort(figure, unit = "people") {
  if (figure.value === null) return t(`figures.${figure.withheld || "silent"}_short`, { k });
  return writers[unit](figure.value);
}

function interval(figure, unit) {
  if (figure.value === null || figure.low === null || figure.high === null) return "";
  const [below, above] = [figure.value - figure.low, figure.high - figure.value];
  if (unit === "people" && below === above) return above ? `±${number(above)}` : "";
  if (unit === "seconds") return durationRange(figure.low, figure.high);
  return t("figures.range", { low: writers[unit](figure.low), high: writers[unit](figure.high) });
}

export function figureHtml(figure, unit = "people") {
  if (figure.value === null) return `<span class="figure withheld">${escaped(figureText(figure, unit))}</span>`;
  const range = interval(figure, unit);
  const n = figure.n === null ? "" : t("figures.n", { n: figure.n });
  let small = range ? `<span class="interval">${escaped(range)}</span>` : "";
  if (n && figure.n !== figure.value) small += `<span class="n">${range ? ", " : ""}${escaped(n)}</span>`;
  small = small && ` <small>${small}</small>`;
  const details = escaped([range, n].filter(Boolean).join(", "));
  return `<span class="figure" title="${details}"><b>${escaped(figureText(figure, unit))}</b>${small}</span>`;
}
