// Writing: what Enter means, how the box grows, what is kept until it is sent.
if (composer) {
  const send = composer.querySelector("button"), count = $("count"), { limit, draft } = composer.dataset;
  const touch = matchMedia("(pointer: coarse)").matches;
  let pinged = 0;
  const measure = () => {
    const left = limit - [...box.value].length;
    count.hidden = left > limit / 10;
    count.value = left;
    send.ariaDisabled = left < 0 || !(box.value + ($("attached")?.value || "")).trim() || !!$("chips")?.querySelector("progress");
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
    if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey) && (touch || e.shiftKey || e.altKey)) return;
    e.preventDefault();
    composer.requestSubmit();
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
  if (!touch && !document.querySelector(":focus, #marked")) box.focus({ preventScroll: true });
}
