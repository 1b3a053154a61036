// Writing: what Enter means, how the box grows, what is kept until it is sent.
whenWriting(() => {
  const send = composer.querySelector("button"), count = $("count"), { limit, draft } = composer.dataset;
  let pinged = 0, free = 0, timer;
  const measure = () => {
    const left = limit - [...box.value].length;
    count.hidden = left > limit / 10;
    count.value = left;
    const wait = Math.ceil((free - Date.now()) / 1000);
    clearTimeout(timer);
    if (wait > 0) timer = setTimeout(measure, 200);
    send.dataset.wait = wait > 0 ? `${wait} s` : "";
    send.ariaDisabled = wait > 0 || left < 0 || !(box.value + ($("attached")?.value || "")).trim() || !!$("chips")?.querySelector("progress");
    if (CSS.supports("field-sizing", "content")) return;
    box.style.height = 0;
    box.style.height = `${box.scrollHeight}px`;
  };
  box.oninput = () => {
    measure();
    keep(draft, box.value);
    if (live.dataset.state !== "on" || Date.now() - pinged < 3000 || !/^\s*[^\s/]/.test(box.value)) return;
    pinged = Date.now();
    htmx.trigger("#ping", "typing");
  };
  box.onkeydown = (e) => {
    if (e.isComposing || e.keyCode === 229) return;
    if (e.key === "Escape") box.blur();
    if (!sends(e)) return;
    e.preventDefault();
    composer.requestSubmit();
  };
  // Where people write slowly nobody sends for so many seconds; the text stays theirs to change.
  composer.pause = (seconds) => {
    free = Date.now() + 1000 * (seconds || 0);
    measure();
  };
  // The outbox keeps what was sent, on this device too, until the server has said yes.
  composer.onsubmit = (e) => {
    e.preventDefault();
    if (send.ariaDisabled === "true") return;
    composer.send();
    box.value = $("reply").innerHTML = "";
    $("chips")?.replaceChildren();
    keep(draft);
    pinged = 0;
    measure();
    box.focus();
  };
  box.value ||= kept()[draft] || "";
  measure();
  // Only as the page opens: later it would take readers away from where they are.
  if (!touch && !live.dataset.state && !document.querySelector(":focus, #marked")) box.focus({ preventScroll: true });
});
