// How does an open page follow what happens? Its live parts ask again and again, and never disturb who reads.
"use strict";

const ACTIVE_FOR = 60_000;   // a reader who did something within this time gets every poll
const IDLE_INTERVAL = 15_000;
let lastActivity = Date.now();
const polledAt = new WeakMap();
let paused = stored(sessionStorage, "live") === "paused";
let trouble = "";  // why nothing comes: "offline", "signed-out", "refused"; "" while all is well

for (const happening of ["pointerdown", "keydown", "scroll", "pointermove"]) {
  addEventListener(happening, () => { lastActivity = Date.now(); }, { passive: true });
}

function isDisturbing() {
  return paused || document.hidden
    || Boolean(one("dialog[open], :popover-open"))
    || Boolean(String(getSelection()))
    || Boolean(one(".sel input:checked"));
}

function isTooSoon(element) {
  if (Date.now() - lastActivity < ACTIVE_FOR) return false;
  return Date.now() - (polledAt.get(element) ?? 0) < IDLE_INTERVAL - 500;
}

// A form or button inside a live region is the reader's own act and always goes through.
function polledBy(event) {
  const method = event.detail?.ctx?.request?.method ?? "GET";
  return method === "GET" ? event.target.closest("[data-live]") : null;
}

document.addEventListener("htmx:config:request", (event) => {
  const element = polledBy(event);
  if (!element) return;
  if (isDisturbing() || isTooSoon(element)) event.preventDefault();
  else polledAt.set(element, Date.now());
});

// The reader may have ticked a row or opened a menu while the answer was on its way.
document.addEventListener("htmx:before:swap", (event) => {
  const element = polledBy(event);
  if (!element) return;
  if (isDisturbing()) event.preventDefault();
  // Rows that come in above would move what is read further down; a pill tells of them instead.
  if (element.dataset.live === "top" && scrollY > 120) {
    event.preventDefault();
    all("[data-live-news]", element).forEach((pill) => { pill.hidden = false; });
  }
});

function showLiveState() {
  const button = one("[data-live-toggle]");
  if (!button) return;
  button.hidden = !one("[data-live]");
  button.dataset.state = trouble ? "offline" : paused ? "paused" : "live";
  const word = trouble ? "Offline" : paused ? "Paused" : "Live";
  one("[data-live-word]").textContent = word;
  button.title = paused ? "Resume live updates (p)" : "Pause live updates (p)";
  // What the button says has to stand in its name, for people who speak to their computer.
  button.setAttribute("aria-label", `${word}: ${paused ? "resume" : "pause"} live updates`);
}

function togglePause() {
  paused = !paused;
  store(sessionStorage, "live", paused ? "paused" : "live");
  showLiveState();
  announce(paused ? "Live updates are paused." : "Live updates are on.");
}

// What the server refuses is never swapped in (htmx-config in base.html); a bar says so, until an answer comes.
function troubleOf(event) {
  const status = event.detail?.ctx?.response?.status ?? 599;
  if (status >= 500) return "offline";
  if (status === 401) return "signed-out";
  return status >= 400 && status !== 422 ? "refused" : "";
}

function setTrouble(now) {
  if (trouble === now) return;
  trouble = now;
  for (const bar of all("[data-trouble]")) bar.hidden = bar.dataset.trouble !== trouble;
  showLiveState();
}

for (const name of ["htmx:error", "htmx:after:request"]) {
  document.addEventListener(name, (event) => setTrouble(troubleOf(event)));
}
document.addEventListener("htmx:after:swap", showLiveState);
showLiveState();
