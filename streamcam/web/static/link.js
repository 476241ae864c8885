// The connection to the program: it comes back by itself, and knows the key that came with the address.

const PAUSES = [300, 600, 1200, 2500, 5000]; // milliseconds between attempts

/** What is at an address of the program, as JSON; tried until it answers. */
export async function fetched(address) {
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) return answer.json();
    await new Promise((done) => setTimeout(done, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
  }
}

/** The key behind the # of the address, or of an earlier visit in this tab; it is taken out of the address bar. */
export function keyOfAddress() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem("key", given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem("key") ?? "";
}

export class Link extends EventTarget {
  #socket = null;
  #attempt = 0;
  #timer = 0;
  #stopped = false;
  #refused = false;
  #had = false;

  /** Events: "open", "lost", "picture" (detail: ArrayBuffer), and one for each key of the program's texts. */
  constructor(key) {
    super();
    this.key = key;
    addEventListener("online", () => this.#retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#retry());
    this.#connect();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Whether the last hello had a key. */
  get hadKey() {
    return this.#had;
  }

  /** Bytes that wait to be sent. */
  get waiting() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  say(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  send(bytes) {
    if (this.isOpen) this.#socket.send(bytes);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #retry() {
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }

  #connect() {
    this.#timer = 0;
    if (this.#stopped) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#refused = false;
    socket.onopen = () => {
      this.#had = Boolean(this.key);
      this.say({ do: "hello", key: this.key });
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") {
        this.#tell("picture", data);
        return;
      }
      for (const [name, detail] of Object.entries(JSON.parse(data))) {
        if (name === "welcome") this.#attempt = 0;
        if (name === "refused") this.#refused = true;
        this.#tell(name, detail);
      }
    };
    socket.onclose = () => {
      if (this.#stopped || socket !== this.#socket) return;
      if (!this.#refused) this.#tell("lost"); // why is said already
      const pause = PAUSES[Math.min(this.#attempt++, PAUSES.length - 1)];
      this.#timer = setTimeout(() => this.#connect(), pause * (0.75 + Math.random() / 2));
    };
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
