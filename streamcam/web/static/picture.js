// The picture: a frame and its heat, laid over each other here, so that everybody may have it in another way.

const MOST_PIXELS = 2.2e6; // of the canvas: frames are not larger, and a wall of glass need not be painted four times

/** Take apart what the program sends: see messages.py. */
export async function unpack(buffer) {
  const view = new DataView(buffer);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const [maps, height, width] = header.heat ?? [0, 0, 0];
  let at = 4 + length;
  const heat = [];
  for (let k = 0; k < maps; k++, at += height * width) heat.push({ width, height, levels: new Uint8Array(buffer, at, height * width) });
  const image = await createImageBitmap(new Blob([new Uint8Array(buffer, at)], { type: "image/jpeg" }));
  return { header, heat, image };
}

export class Picture {
  #canvas;
  #pen;
  #shot = null;
  #small = new OffscreenCanvas(24, 14);
  #layers = [];
  #tables = {};

  /** `colormaps`: 256 RGB colours in base 64 by name. `arranged` is called with the panes, in CSS pixels. */
  constructor(canvas, colormaps, arranged) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d", { alpha: false });
    for (const [name, text] of Object.entries(colormaps)) this.#tables[name] = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    this.arranged = arranged;
    this.view = { colormap: "jet", alpha: 0.5, blend: "uniform", wipe: 0 };
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  get panes() {
    return this.#arrangement;
  }

  colour(level) {
    const table = this.#tables[this.view.colormap];
    return [...table.slice(3 * level, 3 * level + 3)];
  }

  show(shot) {
    this.#shot?.image.close();
    this.#shot = shot;
    this.paint();
  }

  change(view) {
    Object.assign(this.view, view);
    this.paint();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = Math.min(devicePixelRatio, Math.sqrt(MOST_PIXELS / Math.max(1, width * height)));
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.paint();
  }

  #arrangement = [];

  /** Where the pictures go, in canvas pixels: beside each other or one below the other, as large as they fit. */
  #arrange(count, aspect) {
    const { width, height } = this.#canvas;
    const upright = height > width;
    const room = upright ? height * 0.57 : height;
    const options = [[count, 1], [1, count]].map(([columns, rows]) => {
      const scale = Math.min(width / columns / aspect, room / rows);
      return { columns, rows, w: scale * aspect, h: scale };
    });
    const best = options[1].h > options[0].h * (upright ? 1 : 1.4) ? options[1] : options[0];
    let { w, h } = best;
    if (!upright && count === 1 && (width * height) / (w * h) < 1.34) {
      const scale = Math.max(width / aspect, height); // full bleed where little is lost
      [w, h] = [scale * aspect, scale];
    }
    const left = (width - w * best.columns) / 2;
    const free = (upright ? room : height) - h * best.rows;
    const top = upright || count > 1 ? Math.max(0, Math.min(free / 2, h * 0.08)) : free / 2; // words come below
    return Array.from({ length: count }, (_, k) => ({ x: left + (k % best.columns) * w, y: top + Math.floor(k / best.columns) * h, w, h }));
  }

  paint() {
    const pen = this.#pen;
    const { width, height } = this.#canvas;
    if (!this.#shot || !width) return;
    const { image, heat, header } = this.#shot;
    const panes = this.#arrange(Math.max(1, heat.length), image.width / image.height);
    this.#ground(image, panes);
    panes.forEach((pane, k) => {
      pen.save();
      pen.beginPath();
      pen.rect(pane.x, pane.y, pane.w, pane.h);
      pen.clip();
      pen.imageSmoothingQuality = "medium";
      pen.drawImage(image, pane.x, pane.y, pane.w, pane.h);
      if (heat[k]) this.#lay(heat[k], k, pane, header.region);
      pen.restore();
    });
    this.#tellPanes(panes);
  }

  /** What is behind the picture where it does not fill the screen: itself, out of focus and dark. */
  #ground(image, panes) {
    const { width, height } = this.#canvas;
    if (panes[0].x <= 0 && panes[0].y <= 0 && panes.length === 1 && panes[0].h >= height - 1) return;
    const small = this.#small.getContext("2d");
    small.imageSmoothingQuality = "high";
    small.drawImage(image, 0, 0, this.#small.width, this.#small.height);
    const pen = this.#pen;
    const scale = Math.max(width / this.#small.width, height / this.#small.height);
    const [w, h] = [this.#small.width * scale, this.#small.height * scale];
    pen.drawImage(this.#small, (width - w) / 2, (height - h) / 2, w, h);
    pen.fillStyle = "rgb(5 6 10 / 0.72)";
    pen.fillRect(0, 0, width, height);
  }

  /** Heat over one pane, right of the wipe; the ways of blending are those of overlay.py. */
  #lay(map, k, pane, [x0, y0, x1, y1]) {
    const { colormap, alpha, blend, wipe } = this.view;
    const layer = (this.#layers[k] ??= new OffscreenCanvas(1, 1));
    if (layer.width !== map.width || layer.height !== map.height) [layer.width, layer.height] = [map.width, map.height];
    const pen = layer.getContext("2d");
    const data = pen.createImageData(map.width, map.height);
    const table = this.#tables[colormap];
    for (let i = 0; i < map.levels.length; i++) {
      const level = map.levels[i];
      data.data[4 * i] = table[3 * level];
      data.data[4 * i + 1] = table[3 * level + 1];
      data.data[4 * i + 2] = table[3 * level + 2];
      data.data[4 * i + 3] = blend === "heat" ? level : 255;
    }
    pen.putImageData(data, 0, 0);
    const out = this.#pen;
    const cut = pane.x + wipe * pane.w;
    out.beginPath();
    out.rect(cut, pane.y, pane.x + pane.w - cut, pane.h);
    out.clip();
    out.globalAlpha = alpha;
    out.globalCompositeOperation = blend === "add" ? "lighter" : "source-over";
    out.drawImage(layer, pane.x + x0 * pane.w, pane.y + y0 * pane.h, (x1 - x0) * pane.w, (y1 - y0) * pane.h);
  }

  #tellPanes(panes) {
    const ratio = this.#canvas.clientWidth / this.#canvas.width;
    const told = panes.map(({ x, y, w, h }) => ({ x: x * ratio, y: y * ratio, w: w * ratio, h: h * ratio }));
    if (JSON.stringify(told) === JSON.stringify(this.#arrangement)) return;
    this.#arrangement = told;
    this.arranged(told);
  }
}
