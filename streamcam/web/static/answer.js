// What the program said of the picture: a sentence and bars.

const CONFIDENT = 0.5; // of a model that gives no verdict
const MARKS = ["#ffcf4a", "#7cc7ff"]; // of one class, and of the one that it is compared with
const EVIDENCE = 0.05; // of the heat's full scale: less is nothing
const ASKED = 0.25; // the same, of a class that was asked about: a little speaks for everything
export const WITHOUT_ANSWER = ["connecting", "retrying", "closed", "preparing"]; // phases

/** The sentence, as a key of the languages and what is named in it. `shown` is the last header with an answer, or null. */
export function sentence(state, shown, words, picture) {
  if (state.phase === "closed" && state.opens) return ["closed_until", { a: opening(state.opens, words.code) }];
  if (WITHOUT_ANSWER.includes(state.phase)) return [state.phase, {}];
  if (!shown) return ["preparing", {}];
  const [best] = shown.top[0];
  const names = shown.targets.map(([index]) => words.name(index));
  if (names.length > 1) return ["compared", { a: names[0], b: names[1] }];
  const [index, score] = shown.targets[0];
  if (shown.verdict === "no idea" && !state.asked.length) return ["no_idea", { n: words.count.toLocaleString(words.code) }];
  const least = state.asked.length && index !== best ? ASKED : EVIDENCE;
  if (shown.evidence[0] < least) {
    const moments = shown.moments?.[0] ?? [], strongest = Math.max(0, ...moments);
    if (strongest < least) return ["nothing", { a: names[0] }];
    const ago = shown.seconds * (1 - moments.indexOf(strongest) / (moments.length - 1));
    return ["earlier", { a: names[0], n: ago.toLocaleString(words.code, { maximumFractionDigits: 1 }) }];
  }
  const c = areas(shown, words, picture);
  if (state.asked.length && index !== best) return ["asked", { a: names[0], b: words.name(best), c }];
  const isSure = shown.verdict ? shown.verdict === "sure" : score >= CONFIDENT;
  return [isSure ? "sure" : "unsure", { a: names[0], c }];
}

/** What the hottest places look like, in words. */
export function areas(shown, words, picture) {
  return words.say(`areas_${picture.hue(Math.round(255 * Math.min(1, shown.evidence[0])))}`);
}

/** When it opens, as people say it. */
function opening(at, code) {
  return new Date(at).toLocaleString(code, { weekday: "long", hour: "2-digit", minute: "2-digit" });
}

/** The strip of time of a video classifier: how much evidence each moment of the last seconds has. */
export function drawMoments(canvas, shown) {
  const pen = canvas.getContext("2d"), count = shown.moments[0].length, step = canvas.width / count;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < count; at += 1) {
    const rows = shown.moments.map((row, k) => [row[at], MARKS[k % MARKS.length]]).sort((a, b) => b[0] - a[0]);
    pen.fillStyle = "rgb(255 255 255 / 0.16)";
    pen.fillRect(at * step, 0, step - 2, canvas.height);
    for (const [height, colour] of rows) {
      pen.fillStyle = colour;
      pen.fillRect(at * step, canvas.height * (1 - height), step - 2, canvas.height * height);
    }
  }
}

export class Bars {
  #rows;
  #words;

  /** `asked` is called with a class index. */
  constructor(list, words, asked) {
    this.#words = words;
    this.#rows = Array.from({ length: 5 }, () => {
      const item = document.createElement("li");
      item.innerHTML = '<button type="button"><span class="name"></span><span class="track"><span class="bar"></span></span><span class="share"></span></button>';
      item.hidden = true;
      list.append(item);
      item.firstChild.onclick = () => asked(Number(item.dataset.index));
      return item;
    });
  }

  press(at) {
    if (!this.#rows[at].hidden) this.#rows[at].firstChild.click();
  }

  /** `shown` as for the sentence; `isFree` says whether a class may be asked for. */
  show(shown, isFree) {
    const explained = shown ? shown.targets.map(([index]) => index) : [];
    const listed = shown ? shown.top.slice(0, 5) : [];
    const missing = shown ? shown.targets.filter(([index]) => !listed.some(([other]) => other === index)) : [];
    const lines = [...listed.slice(0, 5 - missing.length), ...missing];
    this.#rows.forEach((row, at) => {
      row.hidden = at >= lines.length;
      if (row.hidden) return;
      const [index, score] = lines[at];
      row.dataset.index = index;
      row.firstChild.disabled = !isFree(index);
      row.firstChild.setAttribute("aria-pressed", explained.includes(index));
      row.querySelector(".name").textContent = this.#words.name(index);
      row.querySelector(".bar").style.transform = `scaleX(${score})`;
      row.querySelector(".share").textContent = this.#words.percent(score);
    });
  }
}
