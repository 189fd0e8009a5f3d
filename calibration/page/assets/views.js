// The two views: pointing with a glass, dragging, and the keys. Points go out as atriumViews.onAct({...}).
"use strict";
const atriumViews = (() => {
  const STEP = { picture: 1, plan: 0.05 };
  const ZOOM = 4, LEAST_GLASS_PX = { picture: 3, plan: 0 }; // CSS pixels that a user unit takes in the glass at least
  const SLOW = 0.06, FAST = 0.5, FINE = 0.2; // CSS pixels a millisecond; share of the way a slow finger moves a point
  const REACH = { mouse: 10, pen: 12, touch: 16 }; // CSS pixels within which a press means the point there
  const views = {};
  let onAct = () => {}, onPlace = () => {}, chosen = null, drag = null;

  function view(side) {
    const stage = document.querySelector(`.stage[data-side=${side}]`);
    const svg = stage.querySelector(".scene");
    const one = { side, stage, svg, size: null, at: null, keyed: false,
      layers: svg.querySelector(".layers"), cursor: svg.querySelector(".cursor"),
      loupe: stage.querySelector(".loupe"), glass: stage.querySelector(".glass"), urls: {} };
    stage.addEventListener("pointerdown", event => press(one, event));
    stage.addEventListener("pointermove", event => move(one, event));
    stage.addEventListener("pointerup", event => release(one, event));
    stage.addEventListener("pointercancel", () => { drag = null; hide(one); });
    stage.addEventListener("pointerleave", () => { if (!drag && !one.keyed) hide(one); });
    stage.addEventListener("keydown", event => key(one, event));
    stage.addEventListener("focus", () => { if (stage.matches(":focus-visible") && one.size && !held(one)) start(one); });
    stage.addEventListener("blur", () => { one.keyed = false; hide(one); });
    new ResizeObserver(() => rescale(one)).observe(svg);
    return one;
  }

  const scale = one => one.svg.getBoundingClientRect().width / (one.size[0] + 2 * rim(one)); // CSS pixels a user unit
  const held = one => chosen && (chosen.side === one.side || chosen.side === "any");
  const rim = one => one.side === "picture" ? 0 : 0.03 * Math.max(...one.size); // so that corners at the plan's edge are whole
  const offset = one => one.side === "picture" ? -0.5 : -rim(one);

  function rescale(one) {
    if (!one.size) return;
    const [width, height] = one.size.map(side => side + 2 * rim(one)), o = offset(one);
    one.svg.setAttribute("viewBox", `${o} ${o} ${width} ${height}`);
    one.svg.style.aspectRatio = `${width} / ${height}`;
    one.stage.style.setProperty("--ratio", width / height);
    one.svg.style.setProperty("--px", 1 / Math.max(scale(one), 1e-9));
  }

  function resize(side, size) {
    const one = views[side];
    one.size = size;
    one.stage.classList.toggle("empty", !size);
    if (!size) return;
    for (const image of one.svg.querySelectorAll("image, .paper")) {
      const edge = offset(one) + rim(one);
      image.setAttribute("x", edge); image.setAttribute("y", edge);
      image.setAttribute("width", size[0]); image.setAttribute("height", size[1]);
      if (image.tagName === "image") image.setAttribute("preserveAspectRatio", "none");
    }
    rescale(one);
  }

  function where(one, event) {
    const box = one.svg.getBoundingClientRect(), o = offset(one), k = scale(one);
    return inside(one, [(event.clientX - box.left) / k + o, (event.clientY - box.top) / k + o]);
  }

  function inside(one, [x, y]) {
    const most = one.side === "picture" ? one.size.map(side => side - 1) : one.size;
    return [Math.min(Math.max(x, 0), most[0]), Math.min(Math.max(y, 0), most[1])];
  }

  // what goes out: pixels, or metres with y upwards
  const outward = (one, [x, y]) => one.side === "picture" ? { x, y } : { x, y: one.size[1] - y };

  function markNear(one, at, reach) {
    let best = null;
    for (const mark of one.layers.querySelectorAll(".mark")) {
      const far = Math.hypot(mark.dataset.x - at[0], mark.dataset.y - at[1]) * scale(one);
      if (far <= reach && (!best || far < best.far))
        best = { far, at: [+mark.dataset.x, +mark.dataset.y],
          index: mark.dataset.index === "" ? null : mark.dataset.index - 1 };
    }
    return best;
  }

  function press(one, event) {
    if (!one.size || (event.pointerType === "mouse" && event.button !== 0)) return;
    one.stage.setPointerCapture(event.pointerId);
    one.keyed = false;
    const at = where(one, event), mark = markNear(one, at, REACH[event.pointerType] || 12);
    drag = { one, at: mark ? mark.at : at, mark, far: 0, x: event.clientX, y: event.clientY, t: event.timeStamp };
    show(one, drag.at, event);
  }

  function move(one, event) {
    if (!one.size) return;
    if (!drag) {
      if (event.pointerType === "mouse") show(one, where(one, event), event);
      return;
    }
    if (drag.one !== one) return;
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y, way = Math.hypot(dx, dy);
    const speed = way / Math.max(event.timeStamp - drag.t, 1);
    const share = Math.min(Math.max((speed - SLOW) / (FAST - SLOW), 0), 1), gain = FINE + (1 - FINE) * share;
    drag.far += way;
    drag.at = inside(one, [drag.at[0] + dx * gain / scale(one), drag.at[1] + dy * gain / scale(one)]);
    Object.assign(drag, { x: event.clientX, y: event.clientY, t: event.timeStamp });
    show(one, drag.at, event);
  }

  function release(one, event) {
    if (!drag || drag.one !== one) return;
    const { at, mark, far } = drag;
    drag = null;
    if (event.pointerType !== "mouse") hide(one);
    if (!mark) onAct({ do: "place", side: one.side, ...outward(one, at) });
    else if (far < 3) onAct({ do: "select", side: one.side, index: mark.index });
    else onAct({ do: "move", side: one.side, index: mark.index, ...outward(one, at) });
  }

  function show(one, at, event) {
    one.at = at;
    one.cursor.setAttribute("transform", `translate(${at[0]} ${at[1]})`);
    one.cursor.setAttribute("visibility", "visible");
    const k = Math.max(scale(one) * ZOOM, LEAST_GLASS_PX[one.side]), box = one.stage.getBoundingClientRect();
    one.loupe.hidden = false;
    const side = one.loupe.offsetWidth, own = one.svg.getBoundingClientRect();
    const px = own.left - box.left + (at[0] - offset(one)) * scale(one), py = own.top - box.top + (at[1] - offset(one)) * scale(one);
    // above a finger, beside a mouse; on the other side where there is no room
    const gap = event && event.pointerType === "touch" ? 56 : 28;
    let left = gap > 40 ? px - side / 2 : px + gap, top = py - side - gap;
    if (left + side > box.width) left = gap > 40 ? box.width - side : px - side - gap;
    if (box.top + top < 4) { top = gap > 40 ? Math.max(4 - box.top, py - side / 2) : py + gap; if (gap > 40) left = px > box.width / 2 ? px - side - gap : px + gap; }
    one.loupe.style.transform = `translate(${Math.max(left, -4)}px, ${top}px)`;
    one.glass.setAttribute("viewBox", `${at[0] - side / 2 / k} ${at[1] - side / 2 / k} ${side / k} ${side / k}`);
    one.glass.style.setProperty("--px", 1 / k);
    onPlace(one.side, outward(one, at));
  }

  function hide(one) {
    one.loupe.hidden = true;
    one.cursor.setAttribute("visibility", "hidden");
    onPlace(one.side, null);
  }

  function start(one) {
    const mark = one.layers.querySelector(".mark.chosen");
    one.keyed = true;
    show(one, mark ? [+mark.dataset.x, +mark.dataset.y] : one.at || one.size.map(side => side / 2));
  }

  function key(one, event) {
    if (!one.size || event.altKey) return;
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) {
      const step = STEP[one.side] * (event.shiftKey ? 10 : 1);
      if (held(one) && !one.keyed) nudge(by, step, one.side);
      else {
        if (!one.keyed) start(one);
        show(one, inside(one, [one.at[0] + by[0] * step, one.at[1] + by[1] * step]));
      }
    } else if (event.key === "Enter" || event.key === " ") {
      if (one.keyed) { one.keyed = false; onAct({ do: "place", side: one.side, ...outward(one, one.at) }); hide(one); }
      else start(one);
    } else if (event.key === "Escape") {
      if (one.keyed) { one.keyed = false; hide(one); } else onAct({ do: "rest" });
    } else if (event.key === "Delete" || event.key === "Backspace") onAct({ do: "delete" });
    else return;
    event.preventDefault();
  }

  function nudge([dx, dy], step, on) {
    if (!chosen) return;
    const side = on || (chosen.side === "any" ? "plan" : chosen.side), by = step || STEP[side];
    onAct({ do: "nudge", side, x: dx * by, y: (side === "plan" ? -dy : dy) * by });
  }

  // a picture is fetched once and kept by the page alone, so that each look is one look
  async function fill(side, kind, url) {
    const one = views[side], image = one.svg.querySelector(`image.${kind}`);
    one.urls[kind] = url;
    const answer = url ? await fetch(url, { cache: "no-store" }) : null;
    if (one.urls[kind] !== url) return;
    const before = image.getAttribute("href");
    if (answer && answer.ok) image.setAttribute("href", URL.createObjectURL(await answer.blob()));
    else image.removeAttribute("href");
    if (before && before.startsWith("blob:")) URL.revokeObjectURL(before);
    one.svg.dataset[kind] = url;
  }

  return {
    start(act, place) { onAct = act; onPlace = place; for (const side of ["picture", "plan"]) views[side] = view(side); },
    resize, fill, nudge,
    layers(side, svg) { views[side].layers.innerHTML = svg; },
    choose(which) { chosen = which; },
  };
})();
