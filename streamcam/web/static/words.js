// The page's sentences and the classes' names, in the language of the moment.

import { fetched } from "./link.js";

export class Words {
  #labels = [];
  #asked = "";

  /** `languages`: sentences by language; `changed` is called when there are other words. */
  constructor(languages, changed) {
    this.languages = languages;
    this.changed = changed;
    this.code = "en";
  }

  async choose(code) {
    if (code === this.#asked || !(code in this.languages)) return;
    this.#asked = code;
    const labels = await fetched(`/labels/${encodeURIComponent(code)}.json`);
    if (code !== this.#asked) return; // another was chosen meanwhile
    this.#labels = labels;
    this.code = code;
    document.documentElement.lang = code;
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = this.say(element.dataset.text);
    for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", this.say(element.dataset.label));
    for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = this.say(element.dataset.placeholder);
    this.changed();
  }

  say(key) {
    return this.languages[this.code][key] ?? key;
  }

  get count() {
    return this.#labels.length;
  }

  name(index) {
    return this.#labels[index] ?? `class ${index}`;
  }

  /** Put a sentence into an element, with what is named in it emphasised. */
  tell(element, key, names = {}) {
    const parts = this.say(key).split(/\{(\w)\}/).map((part, at) => {
      if (at % 2 === 0) return part;
      const name = document.createElement("b");
      name.textContent = names[part];
      return name;
    });
    element.replaceChildren(...parts);
  }

  /** A probability as people read it. */
  percent(share) {
    if (share < 0.01) return "<1 %";
    return share > 0.99 ? ">99 %" : `${Math.round(100 * share)} %`;
  }

  /** Class indices whose names contain the words, those that begin with them first, short ones first. */
  search(text, allowed, leftOut = []) {
    const wanted = text.trim().toLocaleLowerCase(this.code);
    const indices = allowed.length ? allowed : [...this.#labels.keys()].filter((index) => !leftOut.includes(index));
    const found = [];
    for (const index of indices) {
      const name = this.name(index).toLocaleLowerCase(this.code);
      const at = name.indexOf(wanted);
      if (at >= 0) found.push([at === 0 ? 0 : name[at - 1] === " " ? 1 : 2, name.length, index]);
    }
    return found.sort((a, b) => a[0] - b[0] || (wanted && a[1] - b[1]) || a[2] - b[2]).slice(0, 50).map(([, , index]) => index);
  }
}

function nothing(words) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.setAttribute("aria-disabled", "true");
  item.setAttribute("aria-selected", "false");
  item.textContent = words.say("no_match");
  return item;
}

/** A field to type a class into, and a list to choose from. `chosen` is called with a class index. */
export function offerClasses(field, list, words, allowed, chosen, leftOut = () => []) {
  let found = [];
  let at = 0;

  const show = () => {
    found = field.value.trim() || allowed().length ? words.search(field.value, allowed(), leftOut()) : [];
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(
      ...found.map((index, place) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${place}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", place === at);
        item.textContent = words.name(index);
        item.onclick = () => chosen(index);
        return item;
      }),
    );
    if (!found.length && field.value.trim()) list.append(nothing(words));
    list.hidden = !list.children.length;
    field.setAttribute("aria-expanded", !list.hidden);
    if (found.length) field.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else field.removeAttribute("aria-activedescendant");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };

  field.oninput = () => {
    at = 0;
    show();
  };
  field.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      at = (at + step + found.length) % found.length;
      show();
    } else if (event.key === "Enter") {
      if (found.length) chosen(found[at]);
    } else return;
    event.preventDefault();
  };
  return show;
}
