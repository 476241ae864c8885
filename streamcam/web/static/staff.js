// The staff page: what visitors find, and how the program is doing.
import { Link, fetched, keyOfAddress } from "./link.js";
import { Words, offerClasses } from "./words.js";

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
  });
  link.addEventListener("refused", ({ detail }) => (detail === "key" ? leave("wrong_key") : notice(words.say("full"))));
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
  // A picture is taken, and not shown: it keeps the program from thinking that this page hangs.
  link.addEventListener("picture", ({ detail }) => {
    const length = new DataView(detail).getUint32(0, true);
    link.say({ do: "ack", id: JSON.parse(new TextDecoder().decode(new Uint8Array(detail, 4, length))).id });
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

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
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
  const chips = curated.allowed.map((index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${words.name(index)} ×`;
    button.setAttribute("aria-label", words.say("remove").replace("{a}", words.name(index)));
    button.onclick = () => save({ allowed: curated.allowed.filter((other) => other !== index) });
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  if (chips.length) $("allowed").replaceChildren(...chips);
  else $("allowed").textContent = words.say("allowed_all");
  offer();
}

function showHealth(health) {
  const { delay_ms: delay, ...rest } = health;
  const facts = { ...rest, "delay p95": delay.p95 == null ? "–" : `${Math.round(delay.p95)} ms` };
  $("health").replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => {
      const [term, said] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name.replaceAll("_", " ");
      said.textContent = value;
      if (name === "status") said.className = value === "ok" ? "good" : "bad";
      return [term, said];
    }),
  );
}

async function showCode(key) {
  const answer = await fetch("/staff/code.svg", { headers: { Authorization: `Bearer ${key}` } });
  if (answer.ok) $("code").src = URL.createObjectURL(await answer.blob());
}

const offer = offerClasses($("wanted"), $("matches"), words, () => [], (index) => {
  $("wanted").value = "";
  if (!curated.allowed.includes(index)) save({ allowed: [...curated.allowed, index] });
});
for (const id of ["language", "colormap", "blend", "method"]) $(id).onchange = () => save({ [id]: $(id).value });
$("alpha").onchange = () => save({ alpha: Number($("alpha").value) });
$("restart").onclick = () => link.say({ do: "restart" });
$("sign-in").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value);
  enter($("key").value);
};
enter(keyOfAddress());
