// The visitor's own camera: its pictures go to the program as fast as they are taken.

const FPS = 25;
const WAITING_MS = 700; // between pictures while it is somebody else's turn
const LONGEST = 960; // pixels of the longer side, as sent

export class Camera {
  #link;
  #video = document.createElement("video");
  #canvas = document.createElement("canvas");
  #timer = 0;
  #busy = false;
  #watcher = null;
  #sent = 0;

  constructor(link) {
    this.#link = link;
    this.#video.muted = this.#video.playsInline = true;
  }

  get isOn() {
    return Boolean(this.#video.srcObject);
  }

  async start() {
    this.#video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: "user" } });
    await this.#video.play();
    this.#timer = setInterval(() => this.#send(), 1000 / FPS);
  }

  stop() {
    clearInterval(this.#timer);
    for (const track of this.#video.srcObject?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
    this.#watcher = null;
    this.#link.say({ do: "leave" });
  }

  /** Give each picture to somebody else, too, as an ImageBitmap; null for nobody. */
  watch(watcher) {
    this.#watcher = watcher;
  }

  async #send() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.#busy || !width || this.#link.waiting > 0) return;
    this.#busy = true;
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const pen = this.#canvas.getContext("2d");
    pen.setTransform(-1, 0, 0, 1, this.#canvas.width, 0); // as in a mirror
    pen.drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    if (this.#watcher) this.#watcher(await createImageBitmap(this.#canvas));
    const jpeg = await new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", 0.8));
    const isDue = !this.#watcher || performance.now() - this.#sent >= WAITING_MS;
    if (jpeg && this.isOn && isDue) {
      this.#sent = performance.now();
      this.#link.send(await jpeg.arrayBuffer());
    }
    this.#busy = false;
  }
}
