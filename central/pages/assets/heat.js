// Heat as a picture: people per 100 m² on a grid of 0.5 m cells, coloured on a scale whose lightness rises or falls steadily
// (theme.css), so that it reads without colour vision. Grids change smoothly from one to the next.
const CELL_M = 0.5;
const STOPS = 5;
const LEAST_ALPHA = 0.5, MOST_ALPHA = 0.93;
const FULL_SHARE = 0.98;  // the scale ends at this quantile of the walked area, so that one queue does not pale the rest
const BLUR = [0.167, 0.666, 0.167];  // a Gaussian of 0.6 cells
const NICE = [1, 2, 3, 5, 10];

// The value rounded up to 1, 2, 3 or 5 times a power of ten.
export function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (NICE.find((step) => step * power >= value * 0.999) ?? 10) * power;
}

// 256 colours (r, g, b) of the scale as the present theme has it.
export function scaleColours() {
  const probe = document.body.appendChild(document.createElement("span"));
  const stops = Array.from({ length: STOPS }, (_, index) => {
    probe.style.color = `var(--heat-${index})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  });
  probe.remove();
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (STOPS - 1);
    const low = Math.min(Math.floor(at), STOPS - 2);
    for (let c = 0; c < 3; c++) table[i * 3 + c] = stops[low][c] + (stops[low + 1][c] - stops[low][c]) * (at - low);
  }
  return table;
}

export class Heat {
  constructor([width, height]) {
    this.columns = Math.max(1, Math.ceil(width / CELL_M));
    this.rows = Math.max(1, Math.ceil(height / CELL_M));
    this.shown = new Float32Array(this.columns * this.rows);
    this.from = this.shown.slice();
    this.to = this.shown.slice();
    this.full = 0;
    this.picture = new OffscreenCanvas(this.columns, this.rows);
    this.pixels = new ImageData(this.columns, this.rows);
    this.recolour();
  }

  recolour() { this.colours = scaleColours(); }

  // A grid of the blocks' densities, larger blocks first; row 0 is the plan's upper edge.
  grid(blocks) {
    const found = new Float32Array(this.columns * this.rows);
    for (const [x, y, size, density] of blocks) {
      const [left, low, side] = [x, y, size].map((metres) => Math.round(metres / CELL_M));
      for (let row = Math.max(low, 0); row < Math.min(low + side, this.rows); row++) {
        const start = (this.rows - 1 - row) * this.columns;
        found.fill(density, start + Math.max(left, 0), start + Math.max(Math.min(left + side, this.columns), 0));
      }
    }
    return found;
  }

  // Head for this grid of people per 100 m²; the scale's end changes only where it must, or not at all.
  aim(people, keepsScale = false) {
    this.from = this.shown.slice();
    this.to = this.blurred(people);
    const walked = Array.from(people).filter((value) => value > 0).sort((a, b) => a - b);
    this.empty = walked.length === 0;
    if (this.empty || keepsScale) return;
    const end = walked[Math.min(Math.floor(walked.length * FULL_SHARE), walked.length - 1)];
    if (end > this.full || end < this.full * 0.45) this.full = nice(end);
  }

  // Go this share of the way, 0 to 1.
  step(share) {
    for (let i = 0; i < this.shown.length; i++) this.shown[i] = this.from[i] + (this.to[i] - this.from[i]) * share;
  }

  blurred(values) {
    const { columns, rows } = this;
    const pass = (source, stride, length) => {
      const result = new Float32Array(source.length);
      for (let i = 0; i < source.length; i++) {
        const place = Math.floor(i / stride) % length;
        const before = place > 0 ? source[i - stride] : source[i];
        const after = place < length - 1 ? source[i + stride] : source[i];
        result[i] = BLUR[0] * before + BLUR[1] * source[i] + BLUR[2] * after;
      }
      return result;
    };
    return pass(pass(values, 1, columns), columns, rows);
  }

  // Share of the scale as a CSS colour.
  colour(share) {
    const at = Math.round(Math.min(Math.max(share, 0), 1) * 255) * 3;
    return `rgb(${this.colours[at]} ${this.colours[at + 1]} ${this.colours[at + 2]})`;
  }

  draw(context, x, y, width, height) {
    if (!this.full) return;
    const { data } = this.pixels;
    for (let i = 0; i < this.shown.length; i++) {
      const share = Math.min(this.shown[i] / this.full, 1);
      const at = Math.round(share * 255) * 3;
      data[i * 4] = this.colours[at];
      data[i * 4 + 1] = this.colours[at + 1];
      data[i * 4 + 2] = this.colours[at + 2];
      data[i * 4 + 3] = share > 0.01 ? 255 * (LEAST_ALPHA + (MOST_ALPHA - LEAST_ALPHA) * share) * Math.min(1, share * 8) : 0;
    }
    this.picture.getContext("2d").putImageData(this.pixels, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture, x, y, width, height);
  }
}
