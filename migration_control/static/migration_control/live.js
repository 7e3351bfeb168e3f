"use strict";
// Renews the live parts of a page every two seconds, as long as the server says that something is under way.
{
  const EVERY = 2000;
  let busy = false; // a button is held down, or a form is on its way

  const scrolled = (part) => [...part.querySelectorAll(".results")].map((box) => box.scrollLeft);

  function replace(part, fresh) {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const offsets = scrolled(part);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".results").forEach((box, place) => { box.scrollLeft = offsets[place] ?? 0; });
    const choices = part.querySelectorAll("tr input.action-select");
    if (choices.length && window.Actions) window.Actions(choices); // Django's own, for the new boxes
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  async function renew() {
    if (busy || document.hidden || document.querySelector("[data-live] input:checked")) return true;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.redirected) location.reload(); // logged out
    if (busy || !answer.ok) return true;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh) replace(part, fresh);
    }
    return page.querySelector("[data-going]") !== null;
  }

  async function tick() {
    let going = true;
    try {
      going = await renew();
    } catch {
      // The server is away for a moment; the next tick sees.
    }
    if (going) setTimeout(tick, EVERY);
  }

  addEventListener("pointerdown", () => { busy = true; });
  addEventListener("pointerup", () => setTimeout(() => { busy = false; }, 100));
  addEventListener("pointercancel", () => { busy = false; });
  addEventListener("submit", () => { busy = true; });
  addEventListener("pageshow", () => { busy = false; });
  setTimeout(tick, EVERY);
}
