// "Find it": things that everybody knows, as pictures, and a search with a keyboard on the screen.
import { offerClasses } from "./words.js";

const KEYS = { en: ["qwertyuiop", "asdfghjkl", "zxcvbnm"], de: ["qwertzuiopü", "asdfghjklöä", "yxcvbnmß"], fr: ["azertyuiop", "qsdfghjklm", "wxcvbnéèç"] };

/** A button with a thing's drawing, or its first letter, and its name. */
export function tile(index, words, drawings, chosen) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  const drawing = drawings[index];
  if (drawing) {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 100 100");
    picture.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `/static/tiles.svg#${encodeURIComponent(drawing)}`);
    picture.append(use);
    button.append(picture);
  } else {
    const letter = document.createElement("span");
    letter.className = "letter";
    letter.setAttribute("aria-hidden", "true");
    letter.textContent = [...words.name(index)][0]?.toLocaleUpperCase(words.code) ?? "?";
    button.append(letter);
  }
  const name = document.createElement("span");
  name.textContent = words.name(index);
  button.append(name);
  button.onclick = () => chosen(index);
  const item = document.createElement("li");
  item.append(button);
  return item;
}

export class Find {
  #dialog;
  #words;
  #options;
  #field;
  #offer;

  /** `options`: tiles(), allowed(), leftOut(), drawings, chosen(index), hasKeyboard. */
  constructor(dialog, words, options) {
    this.#dialog = dialog;
    this.#words = words;
    this.#options = options;
    this.#field = dialog.querySelector("input");
    const pick = (index) => {
      dialog.close();
      options.chosen(index);
    };
    this.pick = pick;
    this.#offer = offerClasses(this.#field, dialog.querySelector("[role=listbox]"), words, options.allowed, pick, options.leftOut);
  }

  open() {
    const { tiles, drawings, hasKeyboard } = this.#options;
    this.#dialog.querySelector("#tiles").replaceChildren(...tiles().map((index) => tile(index, this.#words, drawings, this.pick)));
    this.#field.value = "";
    this.#field.inputMode = hasKeyboard ? "none" : "";
    const keyboard = this.#dialog.querySelector("#keyboard");
    keyboard.hidden = !hasKeyboard;
    if (hasKeyboard) keyboard.replaceChildren(...this.#rows());
    this.#dialog.showModal();
    this.#offer();
    if (!hasKeyboard) this.#field.focus();
  }

  #rows() {
    const type = (text) => {
      this.#field.value = text === null ? this.#field.value.slice(0, -1) : this.#field.value + text;
      this.#field.dispatchEvent(new Event("input"));
    };
    const key = (text, shown, label) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = shown;
      if (label) button.setAttribute("aria-label", label);
      button.onclick = () => type(text);
      return button;
    };
    const rows = (KEYS[this.#words.code] ?? KEYS.en).map((letters) => [...letters].map((letter) => key(letter, letter)));
    rows[2].push(key(null, "⌫", this.#words.say("delete")));
    rows.push([key(" ", this.#words.say("space"))]);
    return rows.map((keys) => {
      const row = document.createElement("div");
      row.append(...keys);
      return row;
    });
  }
}
