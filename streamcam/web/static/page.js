// The live page.
import { Bars, WITHOUT_ANSWER, areas, drawMoments, sentence } from "./answer.js";
import { Camera } from "./camera.js";
import { Challenge } from "./challenge.js";
import { Cover } from "./cover.js";
import { Find } from "./find.js";
import { Link, fetched, keyOfAddress } from "./link.js";
import { Panes } from "./panes.js";
import { Picture, unpack } from "./picture.js";
import { Words } from "./words.js";

const SAFE = "cividis"; // told apart with any colour vision
const NOTICE_MS = 6000; // to read it
const IDLE_MS = 6000;
const DRIFT_MS = 45000;

const $ = (id) => document.getElementById(id);
const facts = await fetched("/page.json");
const link = new Link(keyOfAddress());
const words = new Words(facts.languages, () => {
  fillChoices();
  say();
});
const picture = new Picture($("picture"), facts.colormaps, () => {
  panes.place();
  if (state) cover.draw(state.painted, picture.panes);
});
const panes = new Panes($("wipes"), $("captions"), picture, words, {
  names: () => (shown ? shown.targets.map(([index]) => words.name(index)) : []),
  change: (at) => openAsk(at),
  moved: () => touched(),
});
const bars = new Bars($("bars"), words, (index) => ask([index]));
let state = null;
let role = "viewer";
let shown = null; // the last header
let ownLanguage = false;
let shot = null; // the picture on the screen
let isWaiting = false; // for a turn, of the visitor's own camera
let run = null; // of the program

// --- what the program says

link.addEventListener("welcome", ({ detail }) => {
  if (run && run !== detail.run) return location.reload(); // another program: it may have other classes
  run = detail.run;
  role = detail.role;
  if (!reading) notice("");
  document.body.dataset.role = role;
  fillChoices();
});
link.addEventListener("lost", () => notice(words.say("lost"), true));
link.addEventListener("refused", ({ detail }) => {
  if (detail === "key") {
    sessionStorage.removeItem("key");
    link.key = "";
  }
  const wanted = link.hadKey ? "wrong_key" : "needs_key";
  notice(words.say({ full: "full", key: wanted, "too fast": "slow_down" }[detail] ?? "lost"), detail === "full" || (detail === "key" && !link.hadKey));
});
link.addEventListener("denied", ({ detail }) => notice(words.say(detail === "locked" ? "locked" : "not_allowed")));
link.addEventListener("turn", ({ detail }) => showTurn(detail));
link.addEventListener("state", ({ detail }) => {
  const anew = !state || detail.reset !== state.reset;
  const before = state?.asked ?? [];
  state = detail;
  if (anew) {
    const { colormap, alpha, blend, language } = state.curated;
    picture.change({ colormap, alpha, blend, wipe: 0.5 });
    if (!ownLanguage || facts.kiosk) words.choose(language);
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    cover.leave();
    challenge.leave();
    panes.place();
    panes.hint();
  }
  const isAsked = (asked) => asked.includes(challenge.index);
  if (challenge.isOn && isAsked(before) && !isAsked(state.asked)) challenge.leave(); // another page has asked for something else
  say();
});

let newest = null;
let painting = false;
link.addEventListener("picture", async ({ detail }) => {
  newest = detail;
  if (painting) return;
  painting = true;
  while (newest) {
    const buffer = newest;
    newest = null;
    try {
      const next = await unpack(buffer);
      const isLate = camera && !camera.isOn; // nothing of a visitor's stays when their camera is off
      if (!isLate) {
        shot = next;
        picture.show(shot);
      }
      link.say({ do: "ack", id: next.header.id });
      if (!isLate && shot.header.targets) {
        shown = shot.header; // at a cut there is no map for a moment: the last words stay
        challenge.see(shown);
        cover.see(shown);
      }
      say();
    } catch (error) {
      console.error(error);
    }
  }
  painting = false;
});

// --- words

let noticeTimer = 0;
let reading = false; // what must be read before another notice takes its place
function notice(text, stays = false) {
  clearTimeout(noticeTimer);
  $("notice").textContent = text;
  $("notice").hidden = !text;
  reading = Boolean(text) && !stays;
  if (reading) noticeTimer = setTimeout(() => notice(""), NOTICE_MS);
}

const told = {};
function once(name, value, act) {
  const text = JSON.stringify(value);
  if (told[name] !== text) {
    told[name] = text;
    act();
  }
}

function say() {
  if (!state) return;
  const { phase, curated } = state;
  const hasAnswer = Boolean(shown) && !WITHOUT_ANSWER.includes(phase);
  const isComparing = state.asked.length > 1 || state.rivals;
  const isBusy = challenge.isOn || cover.isOn;
  const isClosed = phase === "closed";
  const waitsForCamera = facts.camera === "browser" && !camera.isOn;
  document.body.dataset.phase = isWaiting ? "waiting" : phase;
  $("call").hidden = phase !== "attracting";
  $("title").hidden = phase === "attracting" || isClosed || isComparing || isWaiting;
  $("answer").hidden = isBusy || waitsForCamera || isWaiting;
  $("welcome").hidden = !waitsForCamera;
  $("tools").hidden = isClosed || waitsForCamera || isWaiting;
  $("automatic").hidden = !state.asked.length || isBusy;
  for (const [id, offer] of [["open-ask", "find"], ["challenge", "challenge"], ["cover", "cover"], ["compare", "compare"]]) {
    $(id).hidden = !curated.offers.includes(offer);
    $(id).disabled = role === "viewer";
  }
  $("automatic").disabled = role === "viewer";
  if (!tilesOf("challenges").length) $("challenge").hidden = true;
  $("compare").setAttribute("aria-pressed", isComparing && !isBusy);
  $("challenge").setAttribute("aria-pressed", challenge.isOn);
  $("cover").setAttribute("aria-pressed", cover.isOn);
  $("colours").setAttribute("aria-pressed", picture.view.colormap === SAFE);
  const said = sentence(state, hasAnswer ? shown : null, words, picture);
  once("sentence", [words.code, said], () => words.tell($("sentence"), ...said));
  $("reason").hidden = !state.reason || WITHOUT_ANSWER.indexOf(phase) < 0 || (facts.kiosk && role !== "staff");
  $("reason").textContent = state.reason;
  once("bars", [words.code, role, hasAnswer && [shown.top, shown.targets]], () => bars.show(hasAnswer ? shown : null, (index) => role !== "viewer" && isAllowed(index)));
  once("captions", [words.code, hasAnswer && shown.targets.map(([index]) => index)], () => panes.place());
  const moments = hasAnswer && shown.moments;
  $("moments").hidden = !moments;
  once("moments", [words.code, moments], () => {
    if (!moments) return;
    drawMoments($("moments").firstChild, shown);
    words.tell($("moments").lastChild, "moments", { n: shown.seconds.toLocaleString(words.code, { maximumFractionDigits: 1 }) });
  });
  const costs = hasAnswer && shown.covering?.map((fall) => `${Math.round(100 * Math.max(0, fall))} %`);
  $("covering").hidden = !costs || shown.verdict === "no idea";
  const hot = costs && areas(shown, words, picture);
  once("covering", [words.code, costs, hot], () => costs && words.tell($("covering"), "covering", { a: costs[0], b: costs[1], c: hot }));
  once("scale", picture.view.colormap, drawScale);
  $("scale").hidden = !hasAnswer;
  $("camera").hidden = facts.camera !== "browser" || role === "viewer";
  $("wipes").hidden = cover.isOn || isClosed || isWaiting || waitsForCamera;
  once("painted", [state.painted, picture.panes], () => cover.draw(state.painted, picture.panes));
  $("paint").hidden = !cover.isOn && !state.painted.length;
  $("paint").classList.toggle("active", cover.isOn);
  challenge.say();
  once("room", [words.code, said, hasAnswer, isBusy, costs, innerWidth, innerHeight, $("tools").hidden, $("automatic").hidden], makeRoom);
}

/** The picture leaves room for the words where it does not fill the screen: beside them, or, where it is tall, above them. */
function makeRoom() {
  const panel = ["answer", "game", "painter"].map($).find((part) => !part.hidden);
  if (!panel) return picture.leave({ left: 0, bottom: 0 });
  const box = panel.getBoundingClientRect();
  const drift = facts.drift ? 0.02 * Math.min(innerWidth, innerHeight) : 0;
  const tools = $("tools").getBoundingClientRect();
  document.documentElement.style.setProperty("--tools", `${Math.round(tools.height)}px`);
  const isBelow = innerHeight > innerWidth && panel.id === "answer";
  const needed = NEEDED.map($).filter((part) => !part.hidden).map((part) => part.offsetTop + part.offsetHeight);
  const edge = innerHeight - tools.bottom;
  const above = isBelow ? Math.max(...needed) + (innerHeight - tools.top) + 1.4 * edge + 8 : innerHeight - box.top;
  picture.leave({ left: Math.round(box.right + drift), bottom: Math.round(above + drift) });
}
const NEEDED = ["sentence", "bars", "moments", "scale"]; // of the answer, where it lies below the picture

function drawScale() {
  const pen = document.querySelector("#scale canvas").getContext("2d");
  for (let level = 0; level < 256; level++) {
    pen.fillStyle = `rgb(${picture.colour(level).join(" ")})`;
    pen.fillRect(level, 0, 1, 1);
  }
}

// --- what people do

const isAllowed = (index) => role === "staff" || !state?.curated.allowed.length || state.curated.allowed.includes(index);

function ask(classes) {
  link.say({ do: "explain", classes });
}

/** The two best of the moment, until somebody chooses. */
function compare() {
  if (!state || !shown) return;
  if (state.asked.length > 1 || state.rivals) return ask([]);
  leaveThings();
  const { allowed } = state.curated;
  if (!allowed.length || role === "staff") return link.say({ do: "explain", rivals: true });
  const known = [...shown.targets, ...shown.top].map(([index]) => index);
  const two = [...new Set([...known, ...allowed])].filter(isAllowed).slice(0, 2);
  if (two.length < 2) return notice(words.say("not_allowed"));
  ask(two);
}

function leaveThings() {
  cover.stop();
  if (challenge.isOn) challenge.leave();
}

/** The classes that are offered as pictures: those that staff chose, or the usual ones. */
function tilesOf(kind) {
  return state.curated[kind].length ? state.curated[kind] : facts[kind].filter(isAllowed);
}

let choosing = null; // which of two compared classes is being chosen
const find = new Find($("ask"), words, {
  drawings: facts.drawings,
  hasKeyboard: facts.kiosk || matchMedia("(pointer: coarse) and (min-width: 700px)").matches,
  tiles: () => tilesOf("tiles"),
  allowed: () => (role === "staff" ? [] : (state?.curated.allowed ?? [])),
  leftOut: () => (role === "staff" ? [] : facts.left_out),
  chosen: (index) => {
    const two = choosing === null || !shown ? null : shown.targets.map(([old], at) => (at === choosing ? index : old));
    leaveThings();
    ask(two ?? [index]);
  },
});

function openAsk(which = null) {
  if (role === "viewer") return notice(words.say("locked"));
  choosing = which;
  find.open();
}

const challenge = new Challenge({ dialog: $("words"), panel: $("game") }, words, {
  drawings: facts.drawings,
  words: () => tilesOf("challenges"),
  ask,
  changed: () => say(),
});

const cover = new Cover($("paint"), $("painter"), words, {
  panes: () => picture.panes,
  shot: () => shot,
  changed: () => say(),
  send: (dabs, index) => {
    if (index !== undefined && isAllowed(index) && !(state.asked.length === 1 && state.asked[0] === index)) ask([index]);
    link.say({ do: "paint", dabs });
    if (!dabs.length) ask([]);
  },
});

function change(view) {
  picture.change(view);
  panes.place();
  fillChoices();
  touched();
  say();
}

let lastTouch = 0;
function touched() {
  if (Date.now() - lastTouch > 1000) link.say({ do: "touch" });
  lastTouch = Date.now();
}

function nextOf(list, current) {
  return list[(list.indexOf(current) + 1) % list.length];
}

function toggleSafe() {
  change({ colormap: picture.view.colormap === SAFE ? (state?.curated.colormap === SAFE ? "jet" : (state?.curated.colormap ?? "jet")) : SAFE });
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

function fillChoices() {
  const fill = (id, values, current) => {
    $(id).replaceChildren(...values.map(([value, text]) => new Option(text, value, false, value === current)));
  };
  const isExpert = role === "staff" || (!facts.kiosk && facts.camera !== "browser");
  for (const part of document.querySelectorAll(".expert")) part.hidden = !isExpert;
  $("phone").hidden = !facts.phone || !state?.curated.offers.includes("phones");
  if (!$("phone").hidden) $("phone").firstElementChild.src = "/phone.svg";
  fill("method", facts.methods.map((name) => [name, name]), state?.method ?? facts.methods[0]);
  fill("colormap", Object.keys(facts.colormaps).map((name) => [name, name]), picture.view.colormap);
  fill("language", Object.entries(facts.languages).map(([code, sentences]) => [code, sentences.name]), words.code);
  $("method").disabled = role === "viewer";
  $("opacity").value = picture.view.alpha;
  for (const line of document.querySelectorAll(".privacy")) {
    line.textContent = words.say(facts.camera === "browser" ? "privacy_own" : { here: "privacy_here", open: "privacy_network", key: "privacy_key" }[facts.reach]);
    line.hidden = line.closest("#answer") && !facts.kiosk && facts.camera !== "browser";
  }
  if (camera) $("camera").textContent = words.say(camera.isOn ? "stop_camera" : "use_camera");
  $("welcome-text").textContent = words.say("welcome");
}

$("open-ask").onclick = () => openAsk();
$("automatic").onclick = () => ask([]);
$("compare").onclick = compare;
$("challenge").onclick = () => {
  if (challenge.isOn) return challenge.stop();
  cover.stop();
  challenge.choose();
};
$("cover").onclick = () => {
  if (cover.isOn) return cover.stop();
  if (challenge.isOn) challenge.stop();
  if (state?.asked.length > 1) ask([]);
  cover.start();
};
$("colours").onclick = toggleSafe;
$("open-more").onclick = () => {
  fillChoices();
  $("more").showModal();
};
$("method").onchange = () => link.say({ do: "method", method: $("method").value });
$("colormap").onchange = () => change({ colormap: $("colormap").value });
$("opacity").oninput = () => change({ alpha: Number($("opacity").value) });
$("language").onchange = () => {
  ownLanguage = true;
  words.choose($("language").value);
  touched();
};
$("full-screen").onclick = toggleFullScreen;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const step = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
  const actions = {
    0: () => ask([]), "/": () => openAsk(), v: compare, x: () => $("cover").click(), c: toggleSafe, f: toggleFullScreen, h: () => $("open-more").click(), "?": () => $("open-more").click(),
    m: () => link.say({ do: "method", method: nextOf(facts.methods, state?.method) }),
    "+": () => change({ alpha: Math.min(1, picture.view.alpha + 0.1) }),
    "-": () => change({ alpha: Math.max(0, picture.view.alpha - 0.1) }),
  };
  if (step) panes.wipeTo(picture.view.wipe + step);
  else if (/^[1-5]$/.test(event.key)) bars.press(event.key - 1);
  else if (actions[event.key]) actions[event.key]();
  else return;
  event.preventDefault();
});

// --- the visitor's own camera

const camera = facts.camera === "browser" ? new Camera(link) : null;
$("camera").onclick = async () => {
  if (camera.isOn) {
    camera.stop();
    picture.clear();
    shown = shot = null;
    notice("");
  } else {
    try {
      await camera.start();
    } catch {
      notice(words.say("camera_refused"));
    }
  }
  $("camera").classList.toggle("small", camera.isOn);
  fillChoices();
  say();
};

/** While it is somebody else's turn, visitors see their own picture, without heat, and when their turn comes. */
function showTurn({ place, seconds }) {
  isWaiting = place > 0;
  say();
  camera?.watch(place ? (image) => picture.show({ header: {}, heat: [], image }) : null);
  if (!place) return notice("");
  const text = words.say(place === 1 ? "camera_next" : "camera_busy").replace("{a}", place).replace("{b}", seconds);
  notice(text, true);
}

// --- for days: nothing stands still for ever, and nobody needs to see the pointer

let idleTimer = 0;
function active() {
  document.body.classList.remove("idle");
  clearTimeout(idleTimer);
  idleTimer = setTimeout(() => facts.kiosk && document.body.classList.add("idle"), IDLE_MS);
}
addEventListener("resize", () => say());
for (const name of ["pointermove", "pointerdown", "keydown"]) addEventListener(name, active);
for (const name of ["pointerdown", "keydown"]) addEventListener(name, touched, { capture: true }); // in a dialog, too

if (facts.drift) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let step = Math.random() * 100;
  setInterval(() => {
    step += 1;
    const x = (1 + Math.sin(step * 0.9)) * 0.8;
    const y = (1 + Math.cos(step * 0.7)) * -0.8;
    for (const part of document.querySelectorAll(".drifts")) {
      part.style.transition = calm.matches ? "none" : `translate ${DRIFT_MS / 1000}s linear`;
      part.style.translate = `${x}vmin ${y}vmin`;
    }
  }, DRIFT_MS);
}

const preferred = new URLSearchParams(location.search).get("language");
if (preferred in facts.languages) {
  ownLanguage = true;
  words.choose(preferred);
}
