// The staff page: what visitors find, and how the program is doing.
import { Link, fetched, keyOfAddress } from "./link.js";
import { Picture, unpack } from "./picture.js";
import { Words, offerClasses } from "./words.js";

const LONG_MS = 6000; // for a notice to be read

const $ = (id) => document.getElementById(id);
const facts = await fetched("/page.json");
let curated = null;
let link = null;
let saving = false;
const words = new Words(facts.languages, () => curated && show());
await words.choose(facts.languages[navigator.language.slice(0, 2)] ? navigator.language.slice(0, 2) : "en");

function enter(key) {
  link?.stop();
  link = new Link(key);
  link.addEventListener("welcome", ({ detail }) => {
    if (detail.role !== "staff") return leave(key ? "wrong_key" : "");
    $("sign-in").hidden = true;
    $("desk").hidden = false;
    notice("");
    showCode(key);
    fillPreview();
  });
  link.addEventListener("refused", ({ detail }) => (detail === "key" ? leave("wrong_key") : notice(words.say(detail === "too fast" ? "slow_down" : "full"))));
  link.addEventListener("lost", () => notice(words.say("lost")));
  link.addEventListener("denied", ({ detail }) => notice(words.say(detail === "not kept" ? "not_kept" : "not_allowed")));
  link.addEventListener("state", ({ detail }) => {
    const changed = JSON.stringify(detail.curated) !== JSON.stringify(curated);
    curated = detail.curated;
    if (changed) show();
    if (changed && saving) notice(words.say("saved"));
    saving = saving && !changed;
  });
  link.addEventListener("health", ({ detail }) => showHealth(detail));
  link.addEventListener("picture", async ({ detail }) => {
    const shot = await unpack(detail);
    preview.show(shot);
    link.say({ do: "ack", id: shot.header.id });
    if (shot.header.top) $("said").textContent = shot.header.top.slice(0, 3).map(([index, score]) => `${words.name(index)} ${words.percent(score)}`).join(", ");
  });
}

function leave(reason) {
  link.stop();
  sessionStorage.removeItem("key");
  $("desk").hidden = true;
  $("sign-in").hidden = false;
  notice(reason ? words.say(reason) : "");
  $("key").focus();
}

let noticeTimer = 0;
function notice(text) {
  clearTimeout(noticeTimer);
  $("notice").textContent = text;
  $("notice").hidden = !text;
  if (text) noticeTimer = setTimeout(() => notice(""), LONG_MS);
}

/** What visitors see, and what a change would look like before it is made. */
const preview = new Picture($("preview"), facts.colormaps, () => {}, { fills: false });

function fillPreview(change = {}) {
  if (curated) preview.change({ colormap: curated.colormap, alpha: curated.alpha, blend: curated.blend, wipe: 0, ...change });
}

function save(settings) {
  saving = true;
  link.say({ do: "settings", ...settings });
}

function show() {
  const fill = (id, values) => $(id).replaceChildren(...values.map(([value, text]) => new Option(text, value, false, value === curated[id])));
  fill("language", Object.entries(facts.languages).map(([code, sentences]) => [code, sentences.name]));
  fill("colormap", Object.keys(facts.colormaps).map((name) => [name, name]));
  fill("blend", facts.blends.map((name) => [name, name]));
  fill("method", facts.methods.map((name) => [name, name]));
  $("alpha").value = curated.alpha;
  $("offers").replaceChildren(...facts.offers.map((name) => offerBox(name)));
  for (const list of lists) list.show();
  fillPreview();
}

/** A thing to do that visitors find, or not. */
function offerBox(name) {
  const [label, box] = [document.createElement("label"), document.createElement("input")];
  box.type = "checkbox";
  box.checked = curated.offers.includes(name);
  box.onchange = () => save({ offers: facts.offers.filter((other) => (other === name ? box.checked : curated.offers.includes(other))) });
  label.className = "check";
  label.append(box, ` ${words.say({ find: "ask", phones: "offer_phones" }[name] ?? name)}`);
  return label;
}

/** A list of classes that staff choose: chips, and a field to add one. */
class Classes {
  #kind;
  #chips = document.createElement("ul");
  #field = document.createElement("input");
  #offer;

  constructor(section) {
    this.#kind = section.dataset.of;
    this.#chips.className = "chips";
    const matches = document.createElement("ul");
    matches.id = `matches-${this.#kind}`;
    matches.className = "matches";
    matches.setAttribute("role", "listbox");
    Object.assign(this.#field, { type: "text", autocomplete: "off", id: `wanted-${this.#kind}` });
    this.#field.setAttribute("role", "combobox");
    this.#field.setAttribute("aria-expanded", "false");
    this.#field.setAttribute("aria-controls", matches.id);
    section.append(this.#chips, this.#field, matches);
    this.#offer = offerClasses(this.#field, matches, words, () => [], (index) => {
      this.#field.value = "";
      if (!curated[this.#kind].includes(index)) save({ [this.#kind]: [...curated[this.#kind], index] });
    });
    this.matches = matches;
  }

  show() {
    this.#field.setAttribute("aria-label", words.say("add"));
    this.matches.setAttribute("aria-label", words.say("search"));
    this.#field.placeholder = words.say("ask_hint");
    const chosen = curated[this.#kind];
    const chips = chosen.map((index) => {
      const [item, button] = [document.createElement("li"), document.createElement("button")];
      button.type = "button";
      button.textContent = `${words.name(index)} ×`;
      button.setAttribute("aria-label", words.say("remove").replace("{a}", words.name(index)));
      button.onclick = () => save({ [this.#kind]: chosen.filter((other) => other !== index) });
      item.append(button);
      return item;
    });
    if (!chips.length) {
      const item = document.createElement("li");
      item.textContent = words.say(this.#kind === "allowed" ? "allowed_all" : "tiles_usual");
      chips.push(item);
    }
    this.#chips.replaceChildren(...chips);
    this.#offer();
  }
}
const lists = [...document.querySelectorAll(".classes")].map((section) => new Classes(section));

function showHealth(health) {
  const { delay_ms: delay, reason, settings, silent, ...rest } = health;
  const troubles = { ...(reason && { camera: `${reason} (${Math.round(silent)} s)` }), ...(settings && { settings }) };
  const facts = { ...rest, ...troubles, "delay p95": delay.p95 == null ? "–" : `${Math.round(delay.p95)} ms` };
  $("health").replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => {
      const [term, said] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name.replaceAll("_", " ");
      said.textContent = value;
      if (name === "status") said.className = value === "ok" ? "good" : "bad";
      if (name in troubles) said.className = "bad";
      return [term, said];
    }),
  );
}

async function showCode(key) {
  if (facts.reach === "here") return ($("code-hint").textContent = words.say("on_phone_not"));
  const answer = await fetch("/staff/code.svg", { headers: { Authorization: `Bearer ${key}` } });
  $("code").hidden = !answer.ok;
  $("code-hint").textContent = words.say(answer.ok ? "on_phone_hint" : "on_phone_not");
  if (answer.ok) $("code").src = URL.createObjectURL(await answer.blob());
}

for (const id of ["language", "colormap", "blend", "method"]) $(id).onchange = () => save({ [id]: $(id).value });
for (const id of ["colormap", "blend"]) $(id).oninput = () => fillPreview({ [id]: $(id).value });
$("alpha").oninput = () => fillPreview({ alpha: Number($("alpha").value) });
$("alpha").onchange = () => save({ alpha: Number($("alpha").value) });
$("restart").onclick = () => link.say({ do: "restart" });
$("sign-in").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value);
  enter($("key").value);
};
enter(keyOfAddress());
