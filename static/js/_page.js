// What the behaviours share: the room's elements, and what is kept on this device.
const $ = (id) => document.getElementById(id);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const [live, log, messages] = ["live", "log", "messages"].map($);
const writing = "#body, #edition-body";
const { me, path, detached } = live?.dataset || {};
const onGrowth = (act) => new MutationObserver(act).observe(log, { childList: true, subtree: true });
const topOf = (element) => element.getBoundingClientRect().top;
const prefers = (word) => $$(`[data-prefers~=${word}]`)[0];
const tell = (text) => {
  $("notice").innerHTML = text;
  setTimeout(() => $("notice").innerHTML = "", 6000);
};
// Enter sends, unless that is the only way to a new line, or is wanted for it.
const touch = matchMedia("(pointer: coarse)").matches, newline = touch || prefers("newline");
const sends = (e) => e.key === "Enter" && (e.ctrlKey || e.metaKey || !(newline || e.shiftKey || e.altKey));
// Who may not write has no composer, and it comes once they may: what works on it waits for it.
let composer, box, options;
const waiting = [], whenWriting = (act) => composer ? act() : waiting.push(act);
const compose = () => {
  [composer, box, options] = ["composer", "body", "options"].map($);
  if (composer) for (const act of waiting.splice(0)) act();
};
compose();
document.addEventListener("htmx:after:swap", compose);
const showDialog = (id) => {
  const dialog = $(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  $$("[name=q]", dialog)[0]?.select();
};
// A browser that keeps nothing, or no more, says so by throwing.
const keep = (name, value) => {
  try { value ? localStorage[name] = value : delete localStorage[name]; } catch {}
};
const kept = () => {
  try { return { ...localStorage }; } catch { return {}; }
};
