// What is done about a message: cards that open beside it, edits in place, replies, jumps.
if (log) {
  const card = $("card"), reply = () => $("reply");
  let opener, picked = {};
  const get = (href, target, swap) => htmx.ajax("GET", href, { target, swap });
  const open = async (link) => {
    if (!card.contains(link)) opener = link;
    await get(link.href, "#card", "innerHTML");
    card.showPopover({ source: opener });
    // Below what opened it, or above where there is more room.
    const { left, top, bottom } = opener.getBoundingClientRect(), { style, offsetWidth, offsetHeight } = card;
    const below = bottom + offsetHeight < innerHeight || top < offsetHeight;
    style.left = `${Math.max(8, Math.min(left, innerWidth - offsetWidth - 8))}px`;
    style.top = `${below ? Math.min(bottom, innerHeight - offsetHeight - 8) : top - offsetHeight}px`;
    card.querySelector("[autofocus], a, button")?.focus();
  };
  const unedit = () => {
    $("edition")?.remove();
    box?.focus();
  };
  const edit = async (number) => {
    unedit();
    await get(`${path}/${number}/edition`, `#m${number}`, "afterend");
    $("edition")?.scrollIntoView({ block: "nearest" });
    $("edition-body")?.setSelectionRange(1e5, 1e5);
  };
  const unreply = () => {
    reply().innerHTML = "";
    box.focus();
  };
  const acts = {
    edit: ({ number }) => edit(number),
    unedit,
    unreply,
    mention: ({ text }) => {
      box?.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
      box.focus();
      box.oninput();
    },
    copy: ({ text }, button) => navigator.clipboard?.writeText(text ?? button.previousSibling.textContent).then(() => tell(card.dataset.done), () => {}),
    reply: async ({ number }) => {
      await get(`${path}/${number}/reply`, "#reply", "innerHTML");
      if (picked.number === number && picked.at > Date.now() - 10000)
        box.setRangeText(picked.text.replace(/^/gm, "> ") + "\n\n", 0, 0, "end");
      box.oninput();
      box.focus();
    },
  };
  document.addEventListener("click", (e) => {
    const link = e.target.closest("[data-card], [data-act], [data-jump], [data-dialog], a.mention");
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const { act, jump, dialog } = link.dataset, there = $(jump);
    if (there) {
      there.scrollIntoView({ block: "center" });
      there.focus();
      there.classList.add("message--lit");
      setTimeout(() => there.classList.remove("message--lit"), 2000);
    } else if (act in acts) acts[act](link.dataset, link);
    else if (jump || act) return;
    else dialog ? showDialog(dialog) : open(link);
    e.preventDefault();
    if (card.contains(link) && (act || there)) card.hidePopover();
  });
  document.addEventListener("selectionchange", () => {
    const selection = getSelection(), text = `${selection}`;
    const message = selection.anchorNode?.parentElement?.closest(".message");
    if (text && message) picked = { text, number: message.dataset.number, at: Date.now() };
  });
  // What was asked for here is done, or the answer says why not. Not after the swap: there is none
  // when the live stream was quicker.
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.request?.method !== "POST" || ctx.response.status >= 400) return;
    if (card.contains(ctx.sourceElement)) card.hidePopover();
    if (ctx.sourceElement.id === "edition") unedit();
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    if (ctx.sourceElement.id !== "edition") tell(ctx.text);
  });
  addEventListener("keydown", (e) => {
    const { key, target, isComposing } = e;
    if (isComposing || e.altKey || options?.firstChild) return;
    if (target.id === "edition-body") {
      if (key === "Escape") unedit();
      else if (sends(e)) target.form.requestSubmit();
      else return;
    } else if (target === box && key === "ArrowUp" && !box.value) {
      const mine = $$(`.message[data-author="${me}"][data-number]:has(.message__more)`, log).at(-1);
      if (mine) edit(mine.dataset.number);
    } else if (target === box && key === "Escape" && reply().children[0]) unreply();
    else if (target.matches(".message") && key === "Enter") open(target.querySelector(".message__more"));
    else return;
    e.preventDefault();
    e.stopPropagation();
  }, true);
  const mark = () => {
    for (const pill of $$(".pill[data-people]", log)) pill.ariaPressed = pill.dataset.people.split(" ").includes(me);
    for (const code of $$(".code:not(:has(button))", log)) code.insertAdjacentHTML("beforeend", $("copy").innerHTML);
  };
  mark();
  onGrowth(mark);
}
