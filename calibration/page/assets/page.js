// The page around the two views: what the box sends is put in place, what is pressed is sent.
"use strict";
const atriumCalibrate = (() => {
  const TEXTS = ["cameras", "status", "pairs", "result"];
  const byId = id => document.getElementById(id);
  let ready = false;

  const send = act => emitEvent("calibrate", act);

  function put(id, html) {
    const place = byId(id), held = document.activeElement;
    const focus = held && held !== document.body && place.contains(held) ? held.id : null;
    place.innerHTML = html;
    if (focus) (byId(focus) || place.querySelector("button:not([disabled])") || document.querySelector(".stage")).focus();
  }

  function begin() {
    ready = true;
    atriumViews.start(send, (side, at) => {
      if (side === "plan") byId("place").textContent = at ? `x ${at.x.toFixed(2)} m, y ${at.y.toFixed(2)} m` : "";
    });
    document.addEventListener("click", event => {
      const button = event.target.closest("button");
      if (!button || button.disabled) return;
      if (button.dataset.nudge) return atriumViews.nudge(button.dataset.nudge.split(",").map(Number));
      if (button.id === "grid") {
        const on = byId("work").classList.toggle("gridded");
        return button.setAttribute("aria-pressed", on);
      }
      if (!button.dataset.do) return;
      const act = { do: button.dataset.do };
      if (button.dataset.camera) act.camera = button.dataset.camera;
      if (button.dataset.index) act.index = Number(button.dataset.index);
      if (button.dataset.text) act.text = button.dataset.text;
      send(act);
    });
    document.addEventListener("keydown", event => {
      if (!(event.ctrlKey || event.metaKey) || event.target.matches("input:not([type=range]), select, textarea")) return;
      const key = event.key.toLowerCase();
      if (key === "z" || key === "y") { send({ do: key === "y" || event.shiftKey ? "redo" : "undo" }); event.preventDefault(); }
    });
    document.addEventListener("change", event => {
      if (!event.target.dataset.field) return;
      const fields = [...document.querySelectorAll("[data-field]")].map(field => [field.dataset.field, field.value]);
      send({ do: "name", ...Object.fromEntries(fields) });
    });
    byId("see").addEventListener("input", event => {
      byId("work").style.setProperty("--see", event.target.value / 100);
      if (event.target.value > 0 && !event.target.dataset.asked) { event.target.dataset.asked = 1; send({ do: "see" }); }
    });
  }

  function update(news) {
    if (!ready) begin();
    for (const id of TEXTS) if (id in news) put(id, news[id]);
    if ("caption" in news) byId("caption").textContent = news.caption;
    if ("camera" in news && news.camera) {
      history.replaceState(null, "", `/?camera=${encodeURIComponent(news.camera)}`);
      const see = byId("see");
      delete see.dataset.asked;
      if (see.value > 0) see.dispatchEvent(new Event("input"));
    }
    if ("picture" in news) {
      atriumViews.resize("picture", news.picture && news.picture.size);
      atriumViews.fill("picture", "ground", news.picture ? news.picture.url : "");
    }
    if ("plan" in news) {
      atriumViews.resize("plan", news.plan.size);
      atriumViews.fill("plan", "ground", news.plan.url);
    }
    if ("chosen" in news) atriumViews.choose(news.chosen);
    if ("picture_layers" in news) atriumViews.layers("picture", news.picture_layers);
    if ("plan_layers" in news) atriumViews.layers("plan", news.plan_layers);
    if ("through" in news) {
      atriumViews.fill("picture", "through", news.through.plan || "");
      atriumViews.fill("plan", "through", news.through.picture || "");
    }
    if ("can" in news) {
      for (const [id, can] of Object.entries(news.can)) { const button = byId(id === "picture" ? "new-picture" : id); if (button) button.disabled = !can; }
      for (const button of document.querySelectorAll("[data-nudge]")) button.disabled = !news.can.delete;
    }
    if ("finished" in news && news.finished) byId("result").scrollIntoView({ block: "nearest" });
    if ("watching" in news) byId("people").setAttribute("aria-pressed", news.watching);
    if ("zoning" in news) { byId("zones").setAttribute("aria-pressed", news.zoning); byId("work").classList.toggle("zoning", news.zoning); }
    if ("waiting" in news) byId("work").dataset.waiting = news.waiting || "";
  }

  return { update };
})();
