// What does a page do by itself? Relative times, copying, shortcuts, ticked rows, the theme and the zone; live
// updates are in live.js. Every page works without this file; it only adds.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
const announce = (text) => { const place = one("[data-announce]"); if (place) place.textContent = text; };

// A cookie and not local storage: the server draws the page in the right theme and zone from the start.
function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

const stored = (store, key) => { try { return store.getItem(key); } catch { return null; } };
const store = (place, key, value) => { try { place.setItem(key, value); } catch { /* a private window may refuse; the choice then lasts for the page */ } };

// Relative times, in the words of webhooks_app/web/present.py

function relative(moment) {
  const seconds = Math.round((Date.now() - moment) / 1000);
  const far = Math.abs(seconds);
  if (far < 5) return "just now";
  if (far >= 30 * 86_400) return null;
  const [size, unit] = [[86_400, "d"], [3600, "h"], [60, "m"], [1, "s"]].find(([length]) => far >= length);
  const amount = `${Math.floor(far / size)} ${unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

function refreshTimes() {
  for (const time of all("time[data-relative]")) {
    const words = relative(Date.parse(time.dateTime));
    if (words && words !== time.textContent) time.textContent = words;
  }
}

// Copying

async function copy(text) {
  // The clipboard exists only on https and localhost; elsewhere the old way still works.
  if (navigator.clipboard) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not permitted: the other way */ }
  }
  const area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true, className: "visually-hidden" });
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

async function copyFrom(button) {
  const text = button.dataset.copy ?? button.closest(".code").querySelector("pre").textContent;
  const copied = await copy(text);
  announce(copied ? "Copied." : "Copying was refused. Select the text and copy it by hand.");
  const label = button.querySelector("[data-copy-label]");
  if (label && !label.dataset.was) {
    label.dataset.was = label.textContent;
    label.textContent = copied ? "Copied" : "Not copied";
    setTimeout(() => { label.textContent = label.dataset.was; delete label.dataset.was; }, 2000);
  }
  button.focus();
}

// Theme and time zone

function setTheme(choice) {
  remember("theme", choice);
  if (choice === "auto") document.documentElement.removeAttribute("data-bs-theme");
  else document.documentElement.dataset.bsTheme = choice;
  for (const button of all("[data-theme-choice]")) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  announce(`Theme: ${choice === "auto" ? "as the system" : choice}.`);
}

function nextTheme() {
  const chosen = document.documentElement.dataset.bsTheme;
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  setTheme(dark ? "light" : "dark");
}

const browsersZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function setZone(choice) {
  remember("tz", choice === "UTC" ? "UTC" : browsersZone());
  location.reload();
}

// Filter rows: a matcher without a value keeps what was typed, so that going back costs nothing.

const WITHOUT_VALUE = new Set(["any", "exists", "changed"]);

function settleRow(row) {
  const matcher = row.querySelector("[data-matcher]");
  const value = row.querySelector("[data-value]");
  const type = row.querySelector("[data-value-type]");
  if (!matcher || !value) return;
  const needsNoValue = WITHOUT_VALUE.has(matcher.value);
  const isIdle = needsNoValue || type?.value === "null";
  // Read-only and not disabled: a disabled field is not sent, and its value would be lost.
  value.readOnly = isIdle;
  value.classList.toggle("is-idle", isIdle);
  if (type) {
    type.classList.toggle("is-idle", needsNoValue);
    value.inputMode = type.value === "number" ? "decimal" : "text";
    value.placeholder = type.value === "boolean" ? "true or false" : "";
  }
}

// Keyboard

let shortcutsOn = stored(localStorage, "shortcuts") !== "off";
let goPressedAt = 0;

function isTyping(target) {
  return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog") !== null;
}

function step(direction) {
  const links = all("tbody .main a");
  if (!links.length) return;
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = at < 0 ? 0 : Math.min(Math.max(at + direction, 0), links.length - 1);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
}

const SINGLE = {
  "/": () => one("main [data-search], main input[type=search], .toolbar :is(input, select)")?.focus(),
  "?": () => one("[data-shortcut-list]").showModal(),
  t: nextTheme,
  p: () => togglePause(),
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement.closest("tr")?.querySelector(".sel input")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !shortcutsOn || isTyping(event.target)) return;
  if (Date.now() - goPressedAt < 1500) {
    goPressedAt = 0;
    const link = one(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.key === "g") { goPressedAt = Date.now(); return; }
  const act = Object.hasOwn(SINGLE, event.key) ? SINGLE[event.key] : null;
  if (act) { event.preventDefault(); act(); }
});

// Selected rows: without this file the boxes and the bar are simply there.

let lastBox = null;

function showSelection() {
  const count = all(".sel input:checked:not([data-select-page])").length;
  for (const bar of all("[data-selection]")) bar.hidden = count === 0;
  for (const place of all("[data-selection-count]")) place.textContent = String(count);
}

function selectRange(box, extend) {
  const boxes = all(".sel input:not([data-select-page])");
  const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
  if (extend && from >= 0) for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
  lastBox = box;
}

// One listener for every click and change, so that swapped-in parts need no wiring.

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest?.(selector);
  const button = hit("[data-copy], [data-copy-code]");
  if (button) { copyFrom(button); return; }
  if (hit("[data-select-page]")) for (const box of all(".sel input")) box.checked = hit("[data-select-page]").checked;
  else if (hit(".sel input")) selectRange(hit(".sel input"), event.shiftKey);
  if (hit(".sel input")) showSelection();
  if (hit("[data-dismiss]")) hit("[data-flash]")?.remove();
  if (hit("[data-live-toggle]")) togglePause();
  if (hit("[data-theme-choice]")) setTheme(hit("[data-theme-choice]").dataset.themeChoice);
  if (hit("[data-zone-choice]")) setZone(hit("[data-zone-choice]").dataset.zoneChoice);
  if (hit("[data-shortcuts]")) { one("#user-menu").hidePopover(); one("[data-shortcut-list]").showModal(); }
});

document.addEventListener("change", (event) => {
  const row = event.target.closest?.("[data-filter-row]");
  if (row) settleRow(row);
  const form = event.target.closest?.("form[data-keep]");
  if (form) form.dataset.changed = "1";
  if (event.target.matches?.("[data-shortcuts-on]")) {
    shortcutsOn = event.target.checked;
    store(localStorage, "shortcuts", shortcutsOn ? "on" : "off");
  }
});

// An address that is shared need not say what was not asked.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// A second press of a button that is already at work would send the form twice.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  event.target.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("beforeunload", (event) => { if (one("form[data-changed]:not([data-sent])")) event.preventDefault(); });
addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) { delete form.dataset.sent; all("[aria-busy]", form).forEach((button) => button.removeAttribute("aria-busy")); }
});

if (cookie("tz") !== "UTC" && decodeURIComponent(cookie("tz") ?? "") !== browsersZone()) remember("tz", browsersZone());
const shortcutBox = one("[data-shortcuts-on]");
if (shortcutBox) shortcutBox.checked = shortcutsOn;
one("[data-focus]")?.focus();
all("[data-filter-row]").forEach(settleRow);
showSelection();
refreshTimes();
setInterval(refreshTimes, 10_000);
document.addEventListener("htmx:after:swap", () => { refreshTimes(); all("[data-filter-row]").forEach(settleRow); showSelection(); });
