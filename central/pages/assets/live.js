// Live sections: fresh HTML changes only what differs, so that focus, open details and half-written notes stay.
// A button with data-act tells the server; what stands in its form goes along.

function same(old, fresh) {
  return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName &&
    (old.dataset?.key ?? "") === (fresh.dataset?.key ?? "");
}

function dress(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  dress(old, fresh);
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let match = next;
    while (match && !same(match, child)) match = match.nextSibling;
    if (!match) {
      old.insertBefore(child, next);
      continue;
    }
    while (next !== match) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    next = match.nextSibling;
    morph(match, child);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

window.atriumLive = {
  show(sections) {
    for (const [id, html] of Object.entries(sections)) {
      const old = document.getElementById(id);
      if (!old) continue;
      const fresh = old.cloneNode(false);
      fresh.innerHTML = html;
      morph(old, fresh);
    }
  },
  say(text, place = "said") {
    const said = document.getElementById(place);
    said.textContent = text;
    if (place !== "said") said.scrollIntoView({ block: "nearest" });
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-act]");
  if (!button || button.form) return;
  emitEvent("act", { ...button.dataset });
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-act]");
  if (!form) return;
  event.preventDefault();
  emitEvent("act", { ...form.dataset, ...Object.fromEntries(new FormData(form)) });
});
