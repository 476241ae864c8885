// "Cover it up": what is painted over the picture is hidden from the model, too; its belief in what it said is shown, before and now.

const RADIUS = 0.07; // of the picture's short side
const APART = 0.5; // of a radius: dabs are no nearer
const MOST = 120; // dabs
const SEND_MS = 60;
const HOTTEST = 0.1; // of the places of a map

export class Cover {
  #canvas;
  #panel;
  #words;
  #options;
  #dabs = [];
  #before = null; // [class, probability] when the painting began
  #timer = 0;
  #shown = null;

  /** `options`: send(dabs), panes(), shot(), changed(). */
  constructor(canvas, panel, words, options) {
    this.#canvas = canvas;
    this.#panel = panel;
    this.#words = words;
    this.#options = options;
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#dab(event);
      canvas.onpointermove = (moved) => this.#dab(moved);
    };
    canvas.onpointerup = canvas.onpointercancel = () => (canvas.onpointermove = null);
    panel.querySelector("#cover-hot").onclick = () => this.coverHottest();
    panel.querySelector("#uncover").onclick = () => this.uncover();
    panel.querySelector("#stop-paint").onclick = () => this.stop();
  }

  get isOn() {
    return !this.#panel.hidden;
  }

  start() {
    this.#panel.hidden = this.#canvas.hidden = false;
    this.#before = null;
    this.#options.changed();
  }

  stop() {
    if (!this.isOn) return;
    if (this.#dabs.length) this.uncover();
    this.leave();
  }

  leave() {
    this.#dabs = [];
    this.#panel.hidden = this.#canvas.hidden = true;
    this.#options.changed();
  }

  uncover() {
    this.#dabs = [];
    this.#before = null;
    this.#send();
    this.#say();
  }

  /** The hottest places of the map that is shown now. */
  coverHottest() {
    const shot = this.#options.shot();
    if (!shot?.heat.length) return;
    const { levels, width, height } = shot.heat[0];
    const [x0, y0, x1, y1] = shot.header.region;
    const step = Math.max(1, Math.round(Math.max(width, height) / 14));
    const places = [];
    for (let y = step >> 1; y < height; y += step)
      for (let x = step >> 1; x < width; x += step) places.push([levels[y * width + x], x0 + ((x + 0.5) / width) * (x1 - x0), y0 + ((y + 0.5) / height) * (y1 - y0)]);
    places.sort((a, b) => b[0] - a[0]);
    const aspect = shot.image.width / shot.image.height;
    const short = Math.min(aspect, 1);
    const radius = (0.62 * ((x1 - x0) * aspect * step)) / width / short;
    this.#begin();
    this.#dabs = places.slice(0, Math.max(1, Math.round(HOTTEST * places.length))).map(([, x, y]) => [x, y, radius].map((value) => Math.round(Math.min(1, value) * 1000) / 1000));
    this.#send();
  }

  #begin() {
    const [index] = this.#shown?.targets?.[0] ?? [];
    if (!this.#dabs.length && index !== undefined) this.#before = [index, this.#shown.targets[0][1]];
  }

  #dab({ clientX, clientY }) {
    const pane = this.#options.panes().find(({ view }) => clientX >= view.x && clientX < view.x + view.w && clientY >= view.y && clientY < view.y + view.h);
    if (!pane || this.#dabs.length >= MOST) return;
    this.#begin();
    const [x, y] = [(clientX - pane.x) / pane.w, (clientY - pane.y) / pane.h];
    const short = Math.min(pane.w, pane.h);
    const last = this.#dabs.at(-1);
    if (last && Math.hypot((x - last[0]) * pane.w, (y - last[1]) * pane.h) < APART * RADIUS * short) return;
    this.#dabs.push([x, y, RADIUS].map((value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000));
    if (!this.#timer) this.#timer = setTimeout(() => this.#send(), SEND_MS);
  }

  #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#options.send(this.#dabs, this.#before?.[0]);
  }

  /** What the program says of a picture. */
  see(header) {
    this.#shown = header;
    if (this.isOn) this.#say();
  }

  #say() {
    const line = this.#panel.querySelector("#fall");
    const now = this.#before && [...(this.#shown?.targets ?? []), ...(this.#shown?.top ?? [])].find(([index]) => index === this.#before[0]);
    line.hidden = !now;
    if (now) this.#words.tell(line, "fall", { a: this.#words.name(now[0]), b: this.#words.percent(this.#before[1]), c: this.#words.percent(now[1]) });
  }

  /** Show what is painted, by whomever: a soft outline over the picture. */
  draw(dabs, panes) {
    const pen = this.#canvas.getContext("2d");
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (this.#canvas.width !== width || this.#canvas.height !== height) [this.#canvas.width, this.#canvas.height] = [width, height];
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = "rgb(255 255 255 / 0.16)";
    for (const { x, y, w, h, view } of panes) {
      pen.save();
      pen.beginPath();
      pen.rect(view.x, view.y, view.w, view.h);
      pen.clip();
      pen.beginPath();
      for (const [cx, cy, radius] of dabs) {
        pen.moveTo(x + cx * w + radius * Math.min(w, h), y + cy * h);
        pen.arc(x + cx * w, y + cy * h, radius * Math.min(w, h), 0, 2 * Math.PI);
      }
      pen.fill();
      pen.restore();
    }
  }
}
