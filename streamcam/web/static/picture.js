// The picture: a frame and its heat, laid over each other here, so that everybody may have it in another way.

const TALLEST = 4 / 3; // height of a picture on a tall screen, beside its width
const MOST_PIXELS = 2.2e6; // of the canvas: frames are not larger, and a wall of glass need not be painted four times

const HUES = [[20, "red"], [42, "orange"], [70, "yellow"], [160, "green"], [195, "turquoise"], [255, "blue"], [335, "violet"], [361, "red"]];

/** What share of a picture is lost where it fills a place of another shape. */
function lost(place, aspect) {
  return 1 - Math.min(place / aspect, aspect / place);
}

/** A picture as large as it fits into a place, whole. */
function whole({ x, y, w, h }, aspect) {
  const scale = Math.min(w / aspect, h);
  const pane = { x: x + (w - scale * aspect) / 2, y: y + (h - scale) / 2, w: scale * aspect, h: scale };
  return { ...pane, view: pane };
}

/** A picture that fills a place, its middle; where it would have to be wider than `widest`, the place becomes lower. */
function filled({ x, y, w, h }, aspect, widest = Infinity) {
  const high = w / h > widest ? w / widest : h;
  const view = { x, y, w, h: Math.min(h, high) };
  const scale = Math.max(view.w / aspect, view.h);
  return { x: x + (w - scale * aspect) / 2, y: y + (view.h - scale) / 2, w: scale * aspect, h: scale, view };
}

/** Several pictures in a place, in so many rows. */
function tiled({ x, y, w, h }, count, rows, arranged) {
  const columns = Math.ceil(count / rows);
  const cell = { w: w / columns, h: h / rows };
  return Array.from({ length: count }, (_, k) => arranged({ x: x + (k % columns) * cell.w, y: y + Math.floor(k / columns) * cell.h, ...cell }));
}

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
  #fills;
  #tables = {};

  /**
   * `colormaps`: 256 RGB colours in base 64 by name. `arranged` is called when the panes, in CSS pixels, are others. `fills`: whether
   * a picture may lose its edges to fill the canvas.
   */
  constructor(canvas, colormaps, arranged, { fills = true } = {}) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d", { alpha: false });
    for (const [name, text] of Object.entries(colormaps)) this.#tables[name] = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    this.arranged = arranged;
    this.#fills = fills;
    this.view = { colormap: "jet", alpha: 0.7, blend: "heat", wipe: 0.5 };
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  get panes() {
    return this.#arrangement;
  }

  colour(level) {
    const table = this.#tables[this.view.colormap];
    return [...table.slice(3 * level, 3 * level + 3)];
  }

  /** The name of what a level of heat looks like, as in the page's sentences. */
  hue(level) {
    const [r, g, b] = this.colour(level).map((c) => c / 255);
    const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
    if (most - least < 0.25) return "bright";
    const sector = most === r ? ((g - b) / (most - least) + 6) % 6 : most === g ? (b - r) / (most - least) + 2 : (r - g) / (most - least) + 4;
    const degrees = 60 * sector;
    return HUES.find(([until]) => degrees < until)[1];
  }

  show(shot) {
    this.#shot?.image.close();
    this.#shot = shot;
    this.paint();
  }

  /** Show nothing. */
  clear() {
    this.#shot?.image.close();
    this.#shot = null;
    this.#pen.fillStyle = "#05060a";
    this.#pen.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
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
  #room = { left: 0, bottom: 0 }; // what the words need, in CSS pixels

  /** What the words need of the screen: at its left where it is wide, below where it is tall. */
  leave(room) {
    if (room.left === this.#room.left && room.bottom === this.#room.bottom) return;
    this.#room = room;
    this.paint();
  }

  /**
   * Where the pictures go, in canvas pixels: beside each other or one below the other. `x y w h` is the whole picture, of which
   * `view` can be seen: where little is lost, it fills its place.
   */
  #arrange(count, aspect) {
    const { width, height } = this.#canvas;
    const ratio = width / Math.max(1, this.#canvas.clientWidth);
    if (!this.#fills) return tiled({ x: 0, y: 0, w: width, h: height }, count, 1, (cell) => whole(cell, aspect));
    const upright = height > width;
    const bottom = this.#room.bottom * ratio;
    if (upright) {
      const place = { x: 0, y: 0, w: width, h: Math.min(height - bottom, count * width * TALLEST) };
      const rows = count > 1 && place.h / 2 > width / 3 ? count : 1;
      return tiled(place, count, rows, (cell) => filled(cell, aspect, 4 / 3));
    }
    if (count === 1 && lost(width / height, aspect) < 0.26) return [filled({ x: 0, y: 0, w: width, h: height }, aspect)];
    const left = this.#room.left * ratio;
    const places = [{ x: left, y: 0, w: width - left, h: height }, { x: 0, y: 0, w: width, h: height - bottom }];
    const options = places.flatMap((place) => [1, count].map((rows) => tiled(place, count, rows, (cell) => whole(cell, aspect))));
    return options.reduce((best, option) => (option[0].h > best[0].h * 1.05 ? option : best));
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
      pen.rect(pane.view.x, pane.view.y, pane.view.w, pane.view.h);
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
    const { view } = panes[0];
    if (panes.length === 1 && view.w >= width - 1 && view.h >= height - 1) return;
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
    const { view } = pane;
    const cut = view.x + wipe * view.w;
    out.beginPath();
    out.rect(cut, view.y, view.x + view.w - cut, view.h);
    out.clip();
    out.globalAlpha = alpha;
    out.globalCompositeOperation = blend === "add" ? "lighter" : "source-over";
    out.drawImage(layer, pane.x + x0 * pane.w, pane.y + y0 * pane.h, (x1 - x0) * pane.w, (y1 - y0) * pane.h);
  }

  #tellPanes(panes) {
    const ratio = this.#canvas.clientWidth / this.#canvas.width;
    const scaled = ({ x, y, w, h }) => ({ x: x * ratio, y: y * ratio, w: w * ratio, h: h * ratio });
    const told = panes.map((pane) => ({ ...scaled(pane), view: scaled(pane.view) }));
    if (JSON.stringify(told) === JSON.stringify(this.#arrangement)) return;
    this.#arrangement = told;
    this.arranged(told);
  }
}
