// What the behaviours share: the room's elements, and what is kept on this device.
const $ = (id) => document.getElementById(id);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const [live, log, messages, composer, box] = ["live", "log", "messages", "composer", "body"].map($);
const touch = matchMedia("(pointer: coarse)").matches;
const onGrowth = (act) => new MutationObserver(act).observe(log, { childList: true, subtree: true });
const stored = (name, value) => {
  try {
    if (value != null) localStorage[name] = value;
    return localStorage[name];
  } catch {}
};
