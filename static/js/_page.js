// What the behaviours share: the room's elements, and what is kept on this device.
const $ = (id) => document.getElementById(id);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const [live, log, messages, composer, box] = ["live", "log", "messages", "composer", "body"].map($);
const writing = "#body, #edition-body", options = $("options");
const { me, path, detached } = live?.dataset || {};
const onGrowth = (act) => new MutationObserver(act).observe(log, { childList: true, subtree: true });
const topOf = (element) => element.getBoundingClientRect().top;
const showDialog = (id) => {
  if ($(id).open) return;
  $(id).showModal();
  $$("[name=q]", $(id))[0]?.select();
};
// A browser that keeps nothing, or no more, says so by throwing.
const keep = (name, value) => {
  try { value ? localStorage[name] = value : delete localStorage[name]; } catch {}
};
const kept = () => {
  try { return { ...localStorage }; } catch { return {}; }
};
