// What moves by itself is fetched again as a fragment of HTML that the server made and escaped.
"use strict";

// Answers missed in a row before the person is told, and how long one is waited for.
const MISSED = 2;
const LONGEST = 20_000;
// Parts of the page that miss them, with what to say.
const late = new Map();

// An answer that says no, unlike none at all.
class Answered extends Error {}

function tell() {
  const behind = document.getElementById("behind");
  const said = [...late.values()][0] || "";
  behind.hidden = !said;
  if (behind.textContent !== said) {
    behind.textContent = said;
  }
}

async function ask(place) {
  const patience = new AbortController();
  const over = window.setTimeout(() => patience.abort(), LONGEST);
  try {
    const answer = await fetch(place.dataset.refresh, {
      credentials: "same-origin",
      signal: patience.signal,
    });
    if (!answer.ok) {
      throw new Answered();
    }
    return await answer.text();
  } finally {
    window.clearTimeout(over);
  }
}

function refresh(place) {
  const every = Number(place.dataset.every) * 1000;
  let failures = 0;
  let shown = place.innerHTML.trim();

  async function again() {
    if (!document.hidden) {
      try {
        const made = new DOMParser().parseFromString(await ask(place), "text/html").body;
        const text = made.innerHTML.trim();
        if (text !== shown) {
          show(place, made);
          shown = text;
        }
        failures = 0;
      } catch (error) {
        failures += 1;
        const told = document.getElementById("behind").dataset;
        late.set(place, error instanceof Answered ? told.failing : told.silent);
      }
      if (failures < MISSED) {
        late.delete(place);
      }
      tell();
    }
    const still = place.querySelector("[data-still]");
    if (!still) {
      const slowly = Number(place.querySelector("[data-slowly]")?.dataset.slowly || 0) * 1000;
      window.setTimeout(again, Math.max(every, slowly) * Math.min(failures + 1, 10));
    }
  }
  window.setTimeout(again, every);
}

function show(place, made) {
  const moving = made.querySelector("[data-version]");
  const told = document.getElementById(place.dataset.changed || "");
  if (moving && told && moving.dataset.version !== place.dataset.version) {
    told.hidden = false;
  }
  const opened = [...place.querySelectorAll("details[open]")].map((each) => each.id);
  for (const each of made.querySelectorAll("details")) {
    each.open = opened.includes(each.id);
  }
  const where = place.contains(document.activeElement) ? name(document.activeElement) : "";
  place.replaceChildren(...made.childNodes);
  commands(place);
  if (where) {
    // Whoever goes by keyboard stays where they were.
    place.querySelector(where)?.focus({ preventScroll: true });
  }
}

function name(element) {
  if (element.id) {
    return `#${CSS.escape(element.id)}`;
  }
  for (const attribute of ["href", "aria-label"]) {
    const value = element.getAttribute(attribute);
    if (value) {
      return `[${attribute}="${CSS.escape(value)}"]`;
    }
  }
  return "";
}

// A command can be taken along with one press.
function commands(within) {
  for (const code of within.querySelectorAll(".same code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${code.textContent}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        window.getSelection().selectAllChildren(code);
      }
    });
    code.after(" ", button);
  }
}

// One press, one request: the answer may take a moment.
function once(event) {
  const form = event.target;
  form.setAttribute("aria-busy", "true");
  for (const button of form.querySelectorAll("button")) {
    button.disabled = true;
  }
}

// Forms of a fragment are not there yet when the page is.
document.addEventListener("submit", once);
for (const place of document.querySelectorAll("[data-refresh]")) {
  refresh(place);
}
commands(document);
// Revealed values are the answer to a form: reloading it would send the form again.
const revealed = document.querySelector("[data-address]");
if (revealed) {
  history.replaceState(null, "", revealed.dataset.address);
}
// A page that comes back from the browser's memory has its buttons as they were left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) {
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("button")) {
      button.disabled = false;
    }
  }
});
