// Zoom and pan of a plan: buttons and keys, a pinch, a drag once it is larger than its frame. One finger on an unzoomed plan
// scrolls the page.
const MOST = 6;
const STEP = 1.5;

export class Stage {
  // frame: what clips; layers: what is moved in it; onZoom: told the zoom after it changed.
  constructor(frame, layers, onZoom) {
    Object.assign(this, { frame, layers, onZoom, zoom: 1, x: 0, y: 0, pointers: new Map(), moved: 0 });
    frame.addEventListener("pointerdown", (event) => this.down(event));
    frame.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      frame.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.by(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
    }, { passive: false });
    frame.addEventListener("click", (event) => { if (this.moved > 8) event.stopPropagation(); }, true);
  }

  down(event) {
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.pointers.size === 1) this.moved = 0;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const points = [...this.pointers.values()];
    const now = [event.clientX, event.clientY];
    this.pointers.set(event.pointerId, now);
    this.moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    if (points.length === 2) {
      const other = points.find((point) => point !== before);
      const length = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      this.by(length(now) / Math.max(length(before), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (this.zoom > 1) {
      this.to(this.zoom, this.x + now[0] - before[0], this.y + now[1] - before[1]);
    }
  }

  by(factor, clientX, clientY) {
    const box = this.frame.getBoundingClientRect();
    const [x, y] = clientX === undefined ? [box.width / 2, box.height / 2] : [clientX - box.left, clientY - box.top];
    const zoom = Math.min(Math.max(this.zoom * factor, 1), MOST);
    this.to(zoom, x - ((x - this.x) * zoom) / this.zoom, y - ((y - this.y) * zoom) / this.zoom);
  }

  to(zoom, x, y) {
    const box = this.frame.getBoundingClientRect();
    this.zoom = zoom;
    this.x = Math.min(0, Math.max(x, box.width * (1 - zoom)));
    this.y = Math.min(0, Math.max(y, box.height * (1 - zoom)));
    this.layers.style.transform = zoom === 1 ? "" : `translate(${this.x}px, ${this.y}px) scale(${zoom})`;
    this.frame.classList.toggle("zoomed", zoom > 1);
    this.frame.style.setProperty("--zoom", zoom);
    this.onZoom(zoom);
  }

  act(what) {
    if (what === "in") this.by(STEP);
    else if (what === "out") this.by(1 / STEP);
    else this.to(1, 0, 0);
  }
}
