// "Make it say …": a word, a meter, a countdown, the best time of the day.
import { tile } from "./find.js";

const SECONDS = 60;
const ENOUGH = 0.5; // of probability, where the word is the best class, too
const HELD_MS = 700; // so long

export class Challenge {
  #parts;
  #words;
  #options;
  #index = null;
  #began = 0;
  #since = 0;
  #over = "";
  #timer = 0;

  /** `parts`: dialog, panel. `options`: words(), drawings, ask(classes), changed(). */
  constructor(parts, words, options) {
    this.#parts = parts;
    this.#words = words;
    this.#options = options;
    parts.panel.querySelector("#another").onclick = () => this.choose();
    parts.panel.querySelector("#stop-game").onclick = () => this.stop();
  }

  get isOn() {
    return this.#index !== null;
  }

  get index() {
    return this.#index;
  }

  choose() {
    const tiles = this.#options.words().map((index) => tile(index, this.#words, this.#options.drawings, (chosen) => {
      this.#parts.dialog.close();
      this.start(chosen);
    }));
    this.#parts.dialog.querySelector("ul").replaceChildren(...tiles);
    this.#parts.dialog.showModal();
  }

  start(index) {
    this.#index = index;
    this.#began = performance.now();
    this.#since = 0;
    this.#over = "";
    this.#options.ask([index]);
    this.#parts.panel.hidden = false;
    this.#parts.panel.classList.remove("won");
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), 250);
    this.#score("");
    this.say();
    this.#options.changed();
  }

  stop() {
    if (!this.isOn) return;
    this.leave();
    this.#options.ask([]);
  }

  /** Without a question of its own: somebody asks for something else, or the page begins anew. */
  leave() {
    clearInterval(this.#timer);
    this.#index = null;
    this.#parts.panel.hidden = true;
    this.#options.changed();
  }

  say() {
    if (this.isOn) this.#words.tell(this.#parts.panel.querySelector("#task"), "task", { a: this.#words.name(this.#index) });
  }

  /** What the program says of a picture. */
  see(header) {
    const [index, share] = header.targets?.[0] ?? [];
    if (!this.isOn || index !== this.#index) return;
    const meter = this.#parts.panel.querySelector("#meter");
    meter.setAttribute("aria-valuenow", Math.round(100 * share));
    meter.firstElementChild.style.transform = `scaleX(${Math.min(1, share / ENOUGH)})`;
    if (this.#over) return;
    const isThere = share >= ENOUGH && header.top[0][0] === index && header.verdict !== "no idea";
    if (!isThere) this.#since = 0;
    else if (!this.#since) this.#since = performance.now();
    else if (performance.now() - this.#since >= HELD_MS) this.#win();
  }

  #win() {
    const seconds = Math.max(0.1, (this.#since - this.#began) / 1000);
    this.#over = "won";
    this.#parts.panel.classList.add("won");
    const best = Math.min(seconds, this.#best());
    sessionStorage.setItem(this.#key(), best);
    this.#score(this.#words.say("won").replace("{a}", this.#words.name(this.#index)).replace("{b}", seconds.toFixed(1)));
  }

  #key() {
    return `best ${new Date().toDateString()} ${this.#index}`;
  }

  #best() {
    return Number(sessionStorage.getItem(this.#key()) ?? Infinity);
  }

  #tick() {
    if (this.#over) return;
    const left = Math.ceil(SECONDS - (performance.now() - this.#began) / 1000);
    if (left <= 0) {
      this.#over = "lost";
      this.#score(this.#words.say("time_up"));
    } else {
      this.#score(this.#words.say("time_left").replace("{a}", left));
    }
  }

  #score(text) {
    const best = this.#index !== null && Number.isFinite(this.#best()) ? ` ${this.#words.say("best").replace("{a}", this.#best().toFixed(1))}` : "";
    this.#parts.panel.querySelector("#score").textContent = text + best;
  }
}
