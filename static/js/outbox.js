// Sending: each message is shown at once, posted in its turn, and kept until it is accepted.
whenWriting(() => {
  const { unsent, outbox } = composer.dataset;
  let items = [], busy, timer;
  const drop = (item) => {
    item.echo.remove();
    items = items.filter((other) => other !== item);
    keep(outbox + item.cid);
  };
  const show = (item) => {
    $("pending").insertAdjacentHTML("beforeend", $("echo").innerHTML);
    const echo = item.echo = $("pending").lastElementChild;
    echo.querySelector(".message__body").innerText = item.fields.body;
    echo.onclick = ({ target: { value } }) => {
      if (value === "copy") navigator.clipboard?.writeText(item.fields.body);
      if (value === "discard") drop(item);
      if (value === "retry") pump(item.refused = false);
    };
    items.push(item);
  };
  const trouble = (item, reason) => {
    item.echo.dataset.state = "stuck";
    item.echo.querySelector("[role]").textContent = reason;
  };
  const settle = () => {
    for (const item of items)
      if (document.querySelector(`[data-cid="${item.cid}"]`)?.dataset.author === me) drop(item);
  };
  // One after the other, in order. An unknown outcome is asked again under the same key, which
  // never doubles a message.
  const pump = async () => {
    clearTimeout(timer);
    const item = items.find(({ sent, refused }) => !sent && !refused);
    if (busy || !item) return;
    const { fields, cid, echo } = item;
    let answer, said;
    busy = true;
    try {
      answer = await fetch(composer.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams({ ...fields, cid }),
        signal: AbortSignal.timeout(20000),
      });
      said = await answer.json();
    } catch {}
    busy = false;
    item.sent = answer?.ok && said;
    if (item.sent) {
      echo.dataset.state = "sent";
      keep(outbox + cid);
      composer.pause($$("[data-free]")[0] ? 0 : $$("[data-slow]")[0]?.dataset.slow);
      // A newcomer's first words wait for a moderator; nothing of them comes back by itself.
      if (said.held) drop(item, tell(said.sentence));
      settle();
      if (detached) location = path;
      return pump();
    }
    const status = answer?.status, wait = answer?.headers.get("Retry-After");
    if (status === 429) composer.pause(wait);
    trouble(item, said?.error || unsent);
    if (status === 401) live.end?.(status);
    item.refused = status >= 400 && status < 500 && status !== 429;
    // What would call many people is asked once more.
    if (status === 409) fields.sure = "yes";
    timer = setTimeout(pump, item.refused ? 0 : 1000 * (wait || 4));
  };
  composer.send = () => {
    // Every browser makes this UUID, on plain http too.
    const cid = URL.createObjectURL(new Blob()).slice(-36);
    const { file, ...fields } = Object.fromEntries(new FormData(composer));
    keep(outbox + cid, JSON.stringify(fields));
    show({ fields, cid });
    log.scrollTop = 0;
    pump();
  };
  live.resume = pump;
  for (const [name, fields] of Object.entries(kept())) {
    if (!name.startsWith(outbox)) continue;
    // The first version kept the text alone.
    const item = { fields: fields[0] === "{" ? JSON.parse(fields) : { body: fields }, cid: name.slice(-36), refused: true };
    show(item);
    trouble(item, unsent);
  }
  settle();
  onGrowth(settle);
});
