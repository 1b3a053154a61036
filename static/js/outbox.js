// Sending: each message is shown at once, posted in its turn, and kept until it is accepted.
if (composer) {
  const { unsent, outbox } = composer.dataset, { me, path, detached } = live.dataset;
  let items = [], busy, timer;
  const save = () => stored(outbox, JSON.stringify(items.filter(({ sent }) => !sent).map(({ body, cid }) => ({ body, cid }))));
  const drop = (item) => {
    item.echo.remove();
    items = items.filter((other) => other !== item);
    save();
  };
  const show = (item) => {
    const echo = item.echo = $("echo").content.firstElementChild.cloneNode(true);
    echo.querySelector(".message__body").innerText = item.body;
    echo.onclick = ({ target: { value } }) => {
      if (value === "copy") navigator.clipboard?.writeText(item.body);
      if (value === "discard") drop(item);
      if (value === "retry") pump(item.refused = false);
    };
    items.push(item);
    $("pending").append(echo);
  };
  const trouble = (item, reason) => {
    item.echo.dataset.state = "stuck";
    item.echo.querySelector("[role]").textContent = reason;
  };
  const settle = () => {
    for (const item of items)
      if (document.querySelector(`[data-cid="${item.cid}"]`)?.dataset.author === me) drop(item);
  };
  // An unknown outcome is asked again under the same key, which never doubles a message.
  const post = async (item) => {
    const { body, cid } = item;
    let answer, said;
    try {
      answer = await fetch(composer.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams({ body, cid }),
        signal: AbortSignal.timeout(20000),
      });
      said = await answer.json();
    } catch {}
    if (item.sent = said?.number) {
      item.echo.dataset.state = "sent";
      save();
      settle();
      if (detached) location = path;
      return true;
    }
    const { status, headers } = answer || {};
    trouble(item, said?.error || unsent);
    if (status === 401) live.end(status);
    item.refused = status >= 400 && status < 500 && status !== 429;
    if (!item.refused) timer = setTimeout(pump, 1000 * (headers?.get("Retry-After") || 4));
    return item.refused;
  };
  const pump = async () => {
    clearTimeout(timer);
    if (busy) return;
    busy = true;
    for (let item; item = items.find(({ sent, refused }) => !sent && !refused);) if (!await post(item)) break;
    busy = false;
  };
  composer.send = (body) => {
    // Every browser makes this UUID, on plain http too.
    show({ body, cid: URL.createObjectURL(new Blob()).slice(-36) });
    save();
    log.scrollTop = 0;
    pump();
  };
  live.resume = pump;
  for (const item of JSON.parse(stored(outbox) || "[]")) {
    show(item);
    trouble(item, unsent);
    item.refused = true;
  }
  settle();
  onGrowth(settle);
}
