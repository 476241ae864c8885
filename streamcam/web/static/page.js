// The live page.
import { Camera } from "./camera.js";
import { Link, fetched, keyOfAddress } from "./link.js";
import { Picture, unpack } from "./picture.js";
import { Words, offerClasses } from "./words.js";

const SAFE = "cividis"; // told apart with any colour vision
const CONFIDENT = 0.5; // of a model that gives no verdict
const EVIDENCE = 0.05; // of the heat's full scale: less is nothing
const NOTICE_MS = 4000;
const IDLE_MS = 6000;
const DRIFT_MS = 45000;

const $ = (id) => document.getElementById(id);
const facts = await fetched("/page.json");
const link = new Link(keyOfAddress());
const words = new Words(facts.languages, () => {
  fillChoices();
  say();
});
const picture = new Picture($("picture"), facts.colormaps, placeParts);
let state = null;
let role = "viewer";
let shown = null; // the last header
let ownLanguage = false;
let run = null; // of the program

// --- what the program says

link.addEventListener("welcome", ({ detail }) => {
  if (run && run !== detail.run) return location.reload(); // another program: it may have other classes
  run = detail.run;
  role = detail.role;
  notice("");
  document.body.dataset.role = role;
});
link.addEventListener("lost", () => notice(words.say("lost"), true));
link.addEventListener("refused", ({ detail }) => {
  if (detail === "key") {
    sessionStorage.removeItem("key");
    link.key = "";
  }
  notice(words.say({ full: "full", key: "wrong_key", "too fast": "slow_down" }[detail] ?? "lost"), true);
});
link.addEventListener("denied", ({ detail }) => notice(words.say(detail === "locked" ? "locked" : "not_allowed")));
link.addEventListener("busy", ({ detail }) => notice(detail ? words.say("camera_busy") : "", detail));
link.addEventListener("state", ({ detail }) => {
  const anew = !state || detail.reset !== state.reset;
  state = detail;
  if (anew) {
    const { colormap, alpha, blend, language } = state.curated;
    picture.change({ colormap, alpha, blend, wipe: 0 });
    if (!ownLanguage || facts.kiosk) words.choose(language);
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    placeParts(picture.panes);
  }
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
      const shot = await unpack(buffer);
      picture.show(shot);
      if (shot.header.targets) shown = shot.header; // at a cut there is no map for a moment: the last words stay
      link.say({ do: "ack", id: shot.header.id });
      say();
    } catch (error) {
      console.error(error);
    }
  }
  painting = false;
});

// --- words

let noticeTimer = 0;
function notice(text, stays = false) {
  clearTimeout(noticeTimer);
  $("notice").textContent = text;
  $("notice").hidden = !text;
  if (text && !stays) noticeTimer = setTimeout(() => ($("notice").hidden = true), NOTICE_MS);
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
  const phase = state.phase;
  const hasAnswer = Boolean(shown) && !["connecting", "retrying", "closed"].includes(phase);
  const isComparing = state.asked.length > 1;
  $("call").hidden = phase !== "attracting";
  $("answer").hidden = false;
  $("automatic").hidden = !state.asked.length;
  $("compare").setAttribute("aria-pressed", isComparing);
  $("colours").setAttribute("aria-pressed", picture.view.colormap === SAFE);
  for (const id of ["open-ask", "compare", "automatic"]) $(id).disabled = role === "viewer";
  once("sentence", [words.code, phase, sentence(hasAnswer)], () => {
    const [key, names] = sentence(hasAnswer);
    words.tell($("sentence"), key, names);
  });
  once("bars", [words.code, role, hasAnswer && [shown.top, shown.targets]], () => showBars(hasAnswer));
  once("captions", [words.code, hasAnswer && shown.targets.map(([index]) => index)], () => placeParts(picture.panes));
  const costs = hasAnswer && shown.covering?.map((fall) => `${Math.round(100 * Math.max(0, fall))} %`);
  $("covering").hidden = !costs || shown.verdict === "no idea";
  once("covering", [words.code, costs], () => costs && words.tell($("covering"), "covering", { a: costs[0], b: costs[1] }));
  once("scale", picture.view.colormap, drawScale);
  $("camera").hidden = facts.camera !== "browser" || role === "viewer";
}

function sentence(hasAnswer) {
  if (["connecting", "retrying", "closed", "preparing"].includes(state.phase)) return [state.phase, {}];
  if (!hasAnswer) return ["preparing", {}];
  const [best] = shown.top[0];
  const names = shown.targets.map(([index]) => words.name(index));
  if (names.length > 1) return ["compared", { a: names[0], b: names[1] }];
  const [index, score] = shown.targets[0];
  if (shown.verdict === "no idea" && !state.asked.length) return ["no_idea", {}];
  if (shown.evidence[0] < EVIDENCE) return ["nothing", { a: names[0] }];
  if (state.asked.length && index !== best) return ["asked", { a: names[0], b: words.name(best) }];
  const isSure = shown.verdict ? shown.verdict === "sure" : score >= CONFIDENT;
  return [isSure ? "sure" : "unsure", { a: names[0] }];
}

const rows = Array.from({ length: 5 }, () => {
  const item = document.createElement("li");
  item.innerHTML = '<button type="button"><span class="name"></span><span class="track"><div class="bar"></div></span><span class="share"></span></button>';
  item.hidden = true;
  $("bars").append(item);
  item.firstChild.onclick = () => ask([Number(item.dataset.index)]);
  return item;
});

function showBars(hasAnswer) {
  const explained = hasAnswer ? shown.targets.map(([index]) => index) : [];
  const listed = hasAnswer ? shown.top.slice(0, 5) : [];
  const missing = hasAnswer ? shown.targets.filter(([index]) => !listed.some(([other]) => other === index)) : [];
  const lines = [...listed.slice(0, 5 - missing.length), ...missing];
  rows.forEach((row, at) => {
    row.hidden = at >= lines.length;
    if (row.hidden) return;
    const [index, score] = lines[at];
    row.dataset.index = index;
    row.firstChild.disabled = role === "viewer" || !isAllowed(index);
    row.firstChild.setAttribute("aria-pressed", explained.includes(index));
    row.querySelector(".name").textContent = words.name(index);
    row.querySelector(".bar").style.transform = `scaleX(${score})`;
    row.querySelector(".share").textContent = `${Math.round(100 * score)} %`;
  });
}

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

function compare() {
  if (!state || !shown) return;
  if (state.asked.length > 1) return ask(state.asked.slice(0, 1));
  const known = [...shown.targets, ...shown.top].map(([index]) => index);
  const two = [...new Set([...known, ...state.curated.allowed])].filter(isAllowed).slice(0, 2);
  if (two.length < 2) return notice(words.say("not_allowed"));
  ask(two);
}

let choosing = null; // which of two compared classes is being chosen
const offer = offerClasses($("wanted"), $("matches"), words, () => (role === "staff" ? [] : (state?.curated.allowed ?? [])), (index) => {
  $("ask").close();
  ask(choosing === null ? [index] : shown.targets.map(([old], at) => (at === choosing ? index : old)));
});

function openAsk(which = null) {
  if (role === "viewer") return notice(words.say("locked"));
  choosing = which;
  $("wanted").value = "";
  $("ask").showModal();
  offer();
  $("wanted").focus();
}

function change(view) {
  picture.change(view);
  placeParts(picture.panes);
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
  fill("method", facts.methods.map((name) => [name, name]), state?.method ?? facts.methods[0]);
  fill("colormap", Object.keys(facts.colormaps).map((name) => [name, name]), picture.view.colormap);
  fill("language", Object.entries(facts.languages).map(([code, sentences]) => [code, sentences.name]), words.code);
  $("method").disabled = role === "viewer";
  $("opacity").value = picture.view.alpha;
  for (const line of document.querySelectorAll(".privacy")) {
    line.textContent = words.say(facts.camera === "browser" ? "privacy_own" : "privacy");
    line.hidden = line.closest("#answer") && !facts.kiosk && facts.camera !== "browser";
  }
  if (camera) $("camera").textContent = words.say(camera.isOn ? "stop_camera" : "use_camera");
}

$("open-ask").onclick = () => openAsk();
$("automatic").onclick = () => ask([]);
$("compare").onclick = compare;
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
    0: () => ask([]), "/": () => openAsk(), v: compare, c: toggleSafe, f: toggleFullScreen, h: () => $("open-more").click(), "?": () => $("open-more").click(),
    m: () => link.say({ do: "method", method: nextOf(facts.methods, state?.method) }),
    "+": () => change({ alpha: Math.min(1, picture.view.alpha + 0.1) }),
    "-": () => change({ alpha: Math.max(0, picture.view.alpha - 0.1) }),
  };
  if (step) wipeTo(picture.view.wipe + step);
  else if (/^[1-5]$/.test(event.key)) rows[event.key - 1].hidden || rows[event.key - 1].firstChild.click();
  else if (actions[event.key]) actions[event.key]();
  else return;
  event.preventDefault();
});

// --- wipe and captions: one for each pane

function wipeTo(share) {
  change({ wipe: Math.min(1, Math.max(0, Math.round(share * 1000) / 1000)) });
}

function placeParts(panes) {
  if (!panes?.length) return;
  const bottom = Math.max(...panes.map(({ y, h }) => y + h));
  document.documentElement.style.setProperty("--below", `${Math.min(bottom, innerHeight)}px`);
  while ($("wipes").children.length > panes.length) $("wipes").lastChild.remove();
  while ($("wipes").children.length < panes.length) $("wipes").append(makeWipe());
  const { wipe } = picture.view;
  panes.forEach(({ x, y, w, h }, at) => {
    const handle = $("wipes").children[at];
    const [left, right] = [Math.max(0, x), Math.min(innerWidth, x + w)];
    const place = Math.min(right, Math.max(left, x + wipe * w));
    handle.classList.toggle("at-left", place - left < 30);
    handle.classList.toggle("at-right", right - place < 30);
    Object.assign(handle.style, { left: `${place}px`, top: `${Math.max(0, y)}px`, height: `${Math.min(innerHeight, h)}px` });
    handle.setAttribute("aria-valuenow", Math.round(100 * wipe));
    handle.setAttribute("aria-label", words.say("wipe"));
  });
  const names = panes.length > 1 && shown?.targets.length === panes.length ? shown.targets.map(([index]) => words.name(index)) : [];
  while ($("captions").children.length > names.length) $("captions").lastChild.remove();
  while ($("captions").children.length < names.length) $("captions").append(makeCaption($("captions").children.length));
  names.forEach((name, at) => {
    const caption = $("captions").children[at]; // kept, for a finger may be on it
    caption.textContent = name;
    Object.assign(caption.style, { left: `${panes[at].x + panes[at].w / 2}px`, top: `${panes[at].y + 12}px` });
  });
}

function makeCaption(at) {
  const caption = document.createElement("button");
  caption.type = "button";
  caption.onclick = () => openAsk(at);
  return caption;
}

function makeWipe() {
  const handle = document.createElement("div");
  handle.className = "wipe";
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-valuemin", 0);
  handle.setAttribute("aria-valuemax", 100);
  const drag = (event) => {
    const pane = picture.panes[[...$("wipes").children].indexOf(handle)];
    wipeTo((event.clientX - pane.x) / pane.w);
  };
  handle.onpointerdown = (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = drag;
  };
  handle.onpointerup = handle.onpointercancel = () => (handle.onpointermove = null);
  handle.onkeydown = (event) => {
    if (event.key !== "Home" && event.key !== "End") return; // arrows are the page's
    wipeTo(event.key === "End" ? 1 : 0);
    event.preventDefault();
  };
  return handle;
}

// --- the visitor's own camera

const camera = facts.camera === "browser" ? new Camera(link) : null;
$("camera").onclick = async () => {
  if (camera.isOn) camera.stop();
  else {
    try {
      await camera.start();
    } catch {
      notice(words.say("camera_refused"));
    }
  }
  $("camera").classList.toggle("small", camera.isOn);
  fillChoices();
};

// --- for days: nothing stands still for ever, and nobody needs to see the pointer

let idleTimer = 0;
function active() {
  document.body.classList.remove("idle");
  clearTimeout(idleTimer);
  idleTimer = setTimeout(() => facts.kiosk && document.body.classList.add("idle"), IDLE_MS);
}
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
