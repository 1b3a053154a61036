// Completion: while a name or an emoji is typed, those that could be meant. Fetched at the first.
{
  let field, start, timer;
  const mark = (to) => {
    options.hidden = !to;
    for (const option of options.children) option.ariaSelected = option === to;
    // Only while there is a choice: a combobox is not told to have several lines.
    const state = {
      role: "combobox",
      "aria-expanded": true,
      "aria-autocomplete": "list",
      "aria-controls": "options",
      "aria-activedescendant": to?.id,
    };
    for (const name in state) to ? field.setAttribute(name, state[name]) : field.removeAttribute(name);
    to?.scrollIntoView({ block: "nearest" });
  };
  const close = () => {
    clearTimeout(timer);
    timer = 0;
    options.textContent = "";
    if (field) mark();
  };
  const take = ({ dataset: { text } }) => {
    field.setSelectionRange(start, field.selectionEnd);
    // Old as it is, nothing else leaves the browser its undo.
    document.execCommand("insertText", false, `${text} `);
  };
  document.addEventListener("input", ({ target, isComposing }) => {
    if (!target.matches(writing)) return;
    field = target;
    const before = field.value.slice(0, field.selectionStart);
    const typed = /(?<![\p{L}\p{N}:@])(@[\p{L}\d_.-]+|:[\w+-]{2,})$/u.exec(before)?.[0];
    // An odd number of ticks: this is code.
    if (isComposing || !typed || before.split("`").length % 2 < 1) return close();
    const q = typed.slice(1), { names, emoji } = options.dataset;
    start = before.length - typed.length;
    for (const option of $$("li", options)) option.innerText.toLowerCase().includes(q.toLowerCase()) || option.remove();
    mark(options.firstElementChild);
    clearTimeout(timer);
    const turn = timer = setTimeout(async () => {
      const url = `${typed < "@" ? emoji : names}?q=${encodeURIComponent(q)}`;
      try {
        const answer = await fetch(url, { redirect: "error" }), found = await answer.text();
        // Meanwhile something else may have been typed.
        if (turn !== timer) return;
        options.innerHTML = answer.ok ? found : "";
        mark(options.firstElementChild);
      } catch {}
    }, 120);
  });
  addEventListener("keydown", (e) => {
    const { key } = e, all = [...options.children], at = all.findIndex((option) => option.ariaSelected === "true");
    if (at < 0 || e.target !== field || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (step) mark(all.at((at + step) % all.length));
    else if (key === "Enter" || key === "Tab") take(all[at]);
    else if (key === "Escape") close();
    else return /^(Arrow|Home|End)/.test(key) && close();
    e.preventDefault();
    e.stopImmediatePropagation();
  }, true);
  options.onmousedown = (e) => {
    e.preventDefault();
    take(e.target.closest("li"));
  };
  for (const name of ["click", "focusout"]) document.addEventListener(name, close);
  // What made this load was typed before anything here could hear it.
  document.activeElement.dispatchEvent(new Event("input", { bubbles: true }));
}
