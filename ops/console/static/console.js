// What moves by itself is fetched again as a fragment of HTML that the server made and escaped.
"use strict";

function refresh(place) {
  const every = Number(place.dataset.every) * 1000;
  let failures = 0;

  async function again() {
    if (!document.hidden) {
      try {
        const answer = await fetch(place.dataset.refresh, { credentials: "same-origin" });
        if (!answer.ok) {
          throw new Error("not now");
        }
        show(place, await answer.text());
        failures = 0;
      } catch {
        failures += 1;
      }
      place.classList.toggle("behind", failures > 2);
    }
    const still = place.querySelector("[data-still]");
    if (!still) {
      window.setTimeout(again, every * Math.min(failures + 1, 10));
    }
  }
  window.setTimeout(again, every);
}

function show(place, text) {
  const made = new DOMParser().parseFromString(text, "text/html").body;
  if (made.innerHTML.trim() === place.innerHTML.trim()) {
    return;
  }
  const moving = made.querySelector("[data-version]");
  const told = document.getElementById(place.dataset.changed || "");
  if (moving && told && moving.dataset.version !== place.dataset.version) {
    told.hidden = false;
  }
  place.replaceChildren(...made.childNodes);
}

// One press, one request: the answer may take a moment.
function once(event) {
  const form = event.target;
  form.setAttribute("aria-busy", "true");
  for (const button of form.querySelectorAll("button")) {
    button.disabled = true;
  }
}

for (const place of document.querySelectorAll("[data-refresh]")) {
  refresh(place);
}
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", once);
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
