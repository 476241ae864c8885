// What lies over the pictures: for each pane a wipe between camera and heat, and a caption where two are compared.

const HINT_MS = 2600; // the wipe moves a little, so that people see that it can be moved
const NEAR_EDGE = 30; // pixels

export class Panes {
  #wipes;
  #captions;
  #picture;
  #words;
  #options;
  #hasWiped = false;

  /** `options`: names() of the compared classes, change(at) when another is wanted, moved() when the wipe is used. */
  constructor(wipes, captions, picture, words, options) {
    [this.#wipes, this.#captions, this.#picture, this.#words, this.#options] = [wipes, captions, picture, words, options];
  }

  wipeTo(share) {
    this.#hasWiped = true;
    this.#picture.change({ wipe: Math.min(1, Math.max(0, Math.round(share * 1000) / 1000)) });
    this.place();
    this.#options.moved();
  }

  /** Put everything where the pictures are now. */
  place() {
    const panes = this.#picture.panes;
    if (!panes?.length) return;
    const bottom = Math.max(...panes.map(({ view }) => view.y + view.h));
    document.documentElement.style.setProperty("--below", `${Math.min(bottom, innerHeight)}px`);
    counted(this.#wipes, panes.length, () => this.#makeWipe());
    panes.forEach(({ view: { x, y, w, h } }, at) => {
      const { wipe } = this.#picture.view;
      const handle = this.#wipes.children[at];
      const place = x + wipe * w;
      handle.classList.toggle("at-left", place - x < NEAR_EDGE);
      handle.classList.toggle("at-right", x + w - place < NEAR_EDGE);
      Object.assign(handle.style, { left: `${place}px`, top: `${y}px`, height: `${h}px` });
      handle.setAttribute("aria-valuenow", Math.round(100 * wipe));
      handle.setAttribute("aria-label", this.#words.say("wipe"));
    });
    const names = this.#options.names();
    const shown = panes.length > 1 && names.length === panes.length ? names : [];
    counted(this.#captions, shown.length, () => this.#makeCaption(this.#captions.children.length)); // kept, for a finger may be on it
    shown.forEach((name, at) => {
      const caption = this.#captions.children[at];
      caption.firstChild.textContent = name;
      caption.lastChild.textContent = this.#words.say("change");
      const { x, y, w } = panes[at].view;
      Object.assign(caption.style, { left: `${x + w / 2}px`, top: `${y + 12}px`, maxWidth: `${w - 24}px` });
    });
  }

  /** Move the wipe a little. */
  hint() {
    this.#hasWiped = false;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const began = performance.now();
    const step = () => {
      if (this.#hasWiped) return;
      const at = Math.min(1, (performance.now() - began) / HINT_MS);
      this.#picture.change({ wipe: 0.5 + 0.12 * Math.sin(2 * Math.PI * at) * (1 - at) });
      this.place();
      if (at < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #makeCaption(at) {
    const caption = document.createElement("button");
    caption.type = "button";
    caption.append(document.createElement("span"), document.createElement("u"));
    caption.onclick = () => this.#options.change(at);
    return caption;
  }

  #makeWipe() {
    const handle = document.createElement("div");
    handle.className = "wipe";
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-valuemin", 0);
    handle.setAttribute("aria-valuemax", 100);
    const drag = (event) => {
      const { view } = this.#picture.panes[[...this.#wipes.children].indexOf(handle)];
      this.wipeTo((event.clientX - view.x) / view.w);
    };
    handle.onpointerdown = (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.onpointermove = drag;
    };
    handle.onpointerup = handle.onpointercancel = () => (handle.onpointermove = null);
    handle.onkeydown = (event) => {
      if (event.key !== "Home" && event.key !== "End") return; // arrows are the page's
      this.wipeTo(event.key === "End" ? 1 : 0);
      event.preventDefault();
    };
    return handle;
  }
}

/** Let an element have so many children. */
function counted(element, count, make) {
  while (element.children.length > count) element.lastChild.remove();
  while (element.children.length < count) element.append(make());
}
