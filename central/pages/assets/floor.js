// Shows snapshots of a floor, and says by itself how old they are: a page that hears nothing turns red.
"use strict";
const atriumFloor = (() => {
  const SILENT_AFTER_S = 10;
  let last = null;
  let lastAt = 0;

  const element = (id) => document.getElementById(id);
  const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  function span(seconds) {
    const s = Math.round(seconds);
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
    return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  }

  function age() {
    if (last === null || last.heard_s_ago === null) return null;
    return last.heard_s_ago + (performance.now() - lastAt) / 1000;
  }

  function tick() {
    const pill = element("freshness");
    const stage = element("stage");
    if (!pill || !stage || last === null) return;
    const old = age();
    const connected = performance.now() - lastAt < 5000;
    const silent = old === null || old > SILENT_AFTER_S;
    pill.className = silent ? "pill bad" : "pill good";
    stage.classList.toggle("silent", silent);
    if (!connected) pill.textContent = `✕ Page has lost central for ${span((performance.now() - lastAt) / 1000)}`;
    else if (old === null) pill.textContent = "✕ No box has reported positions for this floor yet";
    else if (silent) pill.textContent = `✕ Box silent for ${span(old)}: figures are not live`;
    else pill.textContent = `● Live, ${span(old)} ago`;
    if (silent) clearFigures();
  }

  function clearFigures() {
    document.querySelectorAll("#plan .now, #zones .figure, #people").forEach((node) => { node.textContent = "–"; });
  }

  function zones(data) {
    const rows = data.zones.map((zone) => `<tr><td>${escaped(zone.name)}<small>${escaped(zone.category)}</small></td>
      <td class="figure number">${zone.now === null ? "–" : escaped(zone.now)}</td>
      <td class="number">${zone.median_s === null ? `<span class="quiet">too few</span>` : span(zone.median_s)}</td>
      <td class="number">${zone.visits === null ? `<span class="quiet">too few</span>` : zone.visits}</td></tr>`);
    element("zones").innerHTML = rows.join("");
    for (const zone of data.zones) {
      const figure = element(`now-${zone.zone}`);
      if (figure) figure.textContent = zone.now === null ? "–" : zone.now;
    }
  }

  function camera(one, health, silent) {
    if (silent) return `<li class="bad">? ${escaped(one.camera)} <span>unknown while the box is silent</span></li>`;
    const figures = health && health.cameras.find((c) => c.camera === one.camera);
    const good = one.state === "online";
    const rate = good && figures ? `${figures.analysed_fps.toFixed(1)} fps` : one.state;
    return `<li class="${good ? "" : "bad"}">${good ? "●" : "✕"} ${escaped(one.camera)} <span>${escaped(rate)}</span>
      ${good || !one.detail ? "" : `<small>${escaped(one.detail)}</small>`}</li>`;
  }

  function boxes(data) {
    const fault = data.ingest_fault ? `<p class="bad">✕ ${escaped(data.ingest_fault)}</p>` : "";
    const cards = data.boxes.map((box) => {
      const silent = box.heard_s_ago === null || box.heard_s_ago > SILENT_AFTER_S;
      const good = box.state === "online" && !silent;
      const missing = box.sessions.reduce((sum, s) => sum + s.missing, 0);
      const replayed = box.sessions.reduce((sum, s) => sum + s.replayed, 0);
      const received = box.sessions.reduce((sum, s) => sum + s.received, 0);
      const refused = box.sessions.reduce((sum, s) => sum + s.refused, 0);
      const heard = box.heard_s_ago === null ? "never heard" : `heard ${span(box.heard_s_ago)} ago`;
      const state = silent && box.state === "online" ? "silent" : box.state;
      const waiting = box.health ? `<div><dt>Waiting in the box</dt><dd>${box.health.outbox_depth}</dd></div>` : "";
      return `<div class="box"><h3 class="${good ? "" : "bad"}">${good ? "●" : "✕"} ${escaped(box.box)}
        <span>${escaped(state)}, ${heard}</span></h3>
        <dl><div><dt>Events received</dt><dd>${received.toLocaleString("en")}</dd></div>
        <div><dt>Missing</dt><dd class="${missing ? "bad" : ""}">${missing}</dd></div>
        <div><dt>Replayed</dt><dd>${replayed}</dd></div>
        ${refused ? `<div><dt>Refused</dt><dd class="bad">${refused}</dd></div>` : ""}${waiting}</dl>
        <ul>${box.cameras.map((one) => camera(one, box.health, silent)).join("")}</ul></div>`;
    });
    element("boxes").innerHTML = fault + (cards.join("") || `<p class="quiet">No box has spoken for this floor yet.</p>`);
  }

  function heat(data) {
    const picture = element("heat");
    if (data.heat.picture !== null) picture.setAttribute("href", data.heat.picture);
    element("legend").classList.toggle("hidden", data.heat.empty);
    element("too-few").classList.toggle("hidden", !data.heat.empty);
    element("legend-half").textContent = Number((data.heat.full / 2).toPrecision(2));
    element("legend-full").textContent = `${Number(data.heat.full.toPrecision(2))} or more`;
  }

  function update(data) {
    if (!element("plan")) return;
    last = data;
    lastAt = performance.now();
    element("people").textContent = data.people === null ? "–" : data.people;
    zones(data);
    boxes(data);
    heat(data);
    tick();
  }

  setInterval(tick, 500);
  return { update };
})();
