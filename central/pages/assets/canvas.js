// The moving layer of a plan: heat and anonymous dots on a canvas between the plan's two drawings, in metres of the floor.
import { Heat } from "./heat.js";

const CHANGE_MS = 900;
const FRAME_MS = 45;
const DOT_M = 0.17, LEAST_DOT_PX = 2.1;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class MovingLayer {
  // canvas: to draw on; size: (width, height) of the floor, metres; margin: of the plan's drawing around it, metres.
  constructor(canvas, size, margin) {
    this.canvas = canvas;
    this.size = size;
    this.margin = margin;
    this.heat = new Heat(size);
    this.showsHeat = true;
    this.showsDots = false;
    this.dots = [];
    this.before = [];
    this.zoom = 1;
    this.began = 0;
    this.drawn = 0;
    this.changes = 0;  // how often heat or dots were given; tests wait for it
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.heat.recolour(); this.draw(); });
  }

  // New heat (people per 100 m² on the grid, or null to keep) and dots ((x, y) in metres); shown over the next second.
  change(people, dots, { changeMs = CHANGE_MS, keepsScale = false } = {}) {
    this.changeMs = changeMs;
    if (people) this.heat.aim(people, keepsScale);
    else this.heat.from = this.heat.shown.slice();
    this.before = this.dots;
    this.dots = dots;
    this.began = performance.now();
    this.canvas.dataset.changes = String(++this.changes);
    if (!this.running) { this.running = true; requestAnimationFrame((now) => this.frame(now)); }
  }

  frame(now) {
    const share = still.matches ? 1 : Math.min(Math.max((now - this.began) / this.changeMs, 0), 1);
    if (now - this.drawn >= FRAME_MS || share === 1) {
      this.drawn = now;
      this.heat.step(share);
      this.share = share;
      this.draw();
    }
    this.running = share < 1;
    if (this.running) requestAnimationFrame((then) => this.frame(then));
  }

  draw() {
    const { canvas, size: [width, height], margin } = this;
    const pixels = Math.min(devicePixelRatio * Math.min(this.zoom, 3), 4);
    const [wide, high] = [Math.round(canvas.clientWidth * pixels), Math.round(canvas.clientHeight * pixels)];
    if (!wide || !high) return;
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, wide, high);
    const scale = wide / (width + 2 * margin);
    if (this.showsHeat) this.heat.draw(context, margin * scale, margin * scale, width * scale, height * scale);
    if (!this.showsDots) return;
    const style = getComputedStyle(canvas);
    const radius = Math.max(LEAST_DOT_PX * pixels, DOT_M * scale);
    const place = ([x, y]) => [(margin + x) * scale, (margin + height - y) * scale];
    const share = this.share ?? 1;
    for (const [dots, alpha] of [[this.before, 1 - share], [this.dots, share]]) {
      if (alpha <= 0) continue;
      context.globalAlpha = alpha;
      for (const dot of dots) {
        const [x, y] = place(dot);
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.fillStyle = style.color;
        context.fill();
        context.lineWidth = pixels;
        context.strokeStyle = style.outlineColor;
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }
}
