// The log: where the eye stays, what is announced, and how much of it is kept in the page.
if (log) {
  const announcer = $("announcer"), line = $("divider");
  const all = () => $$(".message", messages);
  let last = +all().at(-1)?.dataset.number || 0, height = messages.offsetHeight;
  let offset = 0, stuck = !$("marked"), queue = [], said = [], timer;
  const announce = () => {
    said = said.filter((at) => at > Date.now() - 10000).concat(queue.map(Date.now));
    announcer.textContent = said.length > 5
      ? announcer.dataset.many.replace("{n}", queue.length)
      : queue.map((message) => $$(".message__author, .message__body", message).map((part) => part.innerText).join(": ")).join("\n");
    queue = [];
    timer = 0;
  };
  // From the end of a run, so that what is now first still says whose it is.
  const prune = () => {
    const there = all();
    let from = there.length > 600 ? there.length - 300 : 0;
    while (from && there[from].matches(".message--run")) from--;
    if (!from) return;
    for (const message of there.slice(0, from)) message.remove();
    $("history").innerHTML = $("again").innerHTML.replaceAll("before=0", `before=${there[from].dataset.number}`);
    htmx.process($("history"));
  };
  onGrowth(() => {
    for (const message of all()) {
      const { number, author } = message.dataset;
      if (+number <= last) continue;
      last = +number;
      if (author === me || detached) continue;
      queue.push(message);
      timer ||= setTimeout(announce, said.length > 5 ? 4000 : 400);
    }
    if (stuck) prune();
    // Asking for places makes the browser lay everything out, so only when there is need.
    if (stuck && offset) log.scrollTop = 0;
    if (CSS.supports("overflow-anchor", "auto")) return;
    // Safari anchors nothing: what came in below must not move what is being read.
    if (!stuck) log.scrollTop -= messages.offsetHeight - height;
    height = messages.offsetHeight;
  });
  log.onscroll = () => {
    // A page of the past must not stick to its end, where more of it is loaded.
    if (detached) log.scrollTop ||= -1;
    offset = log.scrollTop;
    stuck = !detached && offset > -80;
  };
  if (detached) log.onscroll();
  $("marked")?.focus();
  // At what is new, if that is more than fits in.
  if (stuck && !line.hidden) {
    log.scrollTop = 0;
    if (topOf(line) < topOf(log)) line.scrollIntoView();
    log.onscroll();
  }
}
