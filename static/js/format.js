// Marks: put around what is selected; an address that is pasted over words becomes their link.
const wrap = (field, before, after) => {
  const { value, selectionStart, selectionEnd } = field, { length } = before;
  document.execCommand("insertText", false, before + value.slice(selectionStart, selectionEnd) + after);
  field.setSelectionRange(selectionStart + length, selectionEnd + length);
};
// What completes names and emoji is fetched when the first of them may have been begun.
oninput = ({ target }) => {
  if (options && target.matches(writing) && /[@:]/.test(target.value)) import(options.dataset.script).catch(() => {});
};
const selected = ({ value, selectionStart, selectionEnd }) => value?.slice(selectionStart, selectionEnd);
document.addEventListener("keydown", (e) => {
  const { key, target } = e;
  if (e.altKey || e.isComposing || !target.matches(writing)) return;
  const mark = e.ctrlKey || e.metaKey ? { b: "**", i: "*", C: "`" }[key] : selected(target) && /^[*_`"(]$/.exec(key)?.[0];
  if (!mark) return;
  e.preventDefault();
  wrap(target, mark, mark === "(" ? ")" : mark);
});
document.addEventListener("paste", (e) => {
  const url = e.clipboardData.getData("text").trim(), words = e.target.matches(writing) && selected(e.target);
  if (!words || !/^https?:\S+$/.test(url) || /^https?:/.test(words)) return;
  e.preventDefault();
  wrap(e.target, "[", `](${url})`);
});
