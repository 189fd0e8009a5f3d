// The editor: line numbers that scroll along, the linter asked as one types, its findings beside their lines, saving.
import { escaped, t } from "./words.js";

const LINT_AFTER_MS = 350;
function begin() {
  const area = document.getElementById("text");
  const gutter = document.getElementById("gutter");
  const list = document.getElementById("findings");
  const verdict = document.getElementById("verdict");
  let saved = area.value;
  let findings = JSON.parse(list.dataset.findings);
  let asked = 0;
  let timer = null;

  function numbers() {
    const lines = area.value.split("\n").length;
    const worst = {};
    for (const one of findings) if (worst[one.line] !== "error") worst[one.line] = one.severity;
    const parts = [];
    for (let line = 1; line <= lines; line += 1) parts.push(`<span class="${worst[line] ?? ""}">${line}</span>`);
    gutter.innerHTML = parts.join("");
    gutter.scrollTop = area.scrollTop;
  }

  function standing() {
    document.getElementById("standing").textContent = t(area.value === saved ? "editor.as_in_force" : "editor.unsaved");
  }

  function place(line, column) {
    const lines = area.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const height = area.scrollHeight / Math.max(lines.length, 1);
    area.focus();
    area.setSelectionRange(start + Math.max(column - 1, 0), start + (lines[line - 1] ?? "").length);
    area.scrollTop = Math.max(0, (line - 4) * height);
  }

  function ask() {
    clearTimeout(timer);
    asked += 1;
    emitEvent("lint", { text: area.value, asked });
  }

  function show() {
    list.innerHTML = findings.map((one, number) => `<li class="${one.severity}"><button type="button" data-finding="${number}">
      <b>${escaped(t("editor.line", { line: one.line }))}</b> ${escaped(one.field)}: ${escaped(one.message)}
      <small>${escaped(one.mend)}</small></button></li>`).join("");
    const errors = findings.filter((one) => one.severity === "error").length;
    const warnings = findings.length - errors;
    const said = errors ? [t("editor.check_bad", { n: errors })] : [];
    if (warnings) said.push(t("editor.check_warn", { n: warnings }));
    verdict.textContent = said.join(", ") || t("editor.check_good");
    verdict.className = `pill ${errors ? "bad" : warnings ? "warn" : "good"}`;
    numbers();
  }

  window.atriumEditor = {
    linted(number, found) {
      if (number !== asked) return;  // of a text that is no more
      findings = found;
      show();
    },
    saved(text, words) {
      saved = text;
      standing();
      this.say(words);
    },
    say(words) {
      document.getElementById("said").textContent = words;
    },
    rehearsed(html) {
      document.getElementById("rehearsed").innerHTML = html;
      document.getElementById("run").disabled = false;
    },
  };

  area.addEventListener("input", () => {
    numbers();
    standing();
    clearTimeout(timer);
    timer = setTimeout(ask, LINT_AFTER_MS);
  });
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.dataset.finding) place(findings[button.dataset.finding].line, findings[button.dataset.finding].column);
    if (button.id === "save") emitEvent("save", { text: area.value, base: saved });
    if (button.id === "insert") emitEvent("template", { name: document.getElementById("template").value });
    if (button.id === "run") {
      button.disabled = true;
      document.getElementById("rehearsed").textContent = t("rehearsal.running");
      const field = (name) => document.getElementById(name).value;
      emitEvent("rehearse", { text: area.value, first: field("first"), last: field("last") });
    }
  });

  // A template goes where the text ends; what it begins the file with is there already.
  window.atriumEditor.insert = (text) => {
    const head = /^\s*(schema|currency)\s*=/;
    const lines = area.value.trim() ? text.split("\n").filter((line) => !head.test(line)) : text.split("\n");
    const old = area.value.trimEnd();
    area.value = old ? `${old}\n\n${lines.join("\n").trim()}\n` : `${lines.join("\n").trim()}\n`;
    area.dispatchEvent(new Event("input"));
    place(old ? old.split("\n").length + 2 : 1, 1);
    ask();
  };

  window.addEventListener("beforeunload", (event) => { if (area.value !== saved) event.preventDefault(); });
  standing();
  show();
}

class Editor extends HTMLElement {
  connectedCallback() {
    begin();
  }
}

customElements.define("atrium-editor", Editor);
