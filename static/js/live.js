// The connection: said when it is gone, and tried again at once when there is reason to.
if ($("beat")) {
  const [banner, lost, back, missed] = ["banner", "lost", "back", "missed"].map($);
  let heard = Date.now(), gone = heard, over, before = messages.childElementCount;
  const say = (line) => {
    banner.hidden = !line;
    for (const other of banner.children) other.hidden = other !== line;
  };
  const reconnect = () => {
    heard = Date.now();
    htmx.process(live, true);
  };
  const again = () => {
    if (!over && !document.hidden && Date.now() - heard > (gone ? 1000 : 35000)) reconnect();
  };
  live.end = (code) => {
    if (!gone) before = messages.childElementCount;
    gone ||= Date.now();
    live.dataset.state = "off";
    const reason = $(`closed-${code}`);
    if (!reason || over) return;
    over = true;
    $("beat").remove();
    say(reason);
  };
  live.addEventListener("htmx:ws:close", (e) => live.end(e.detail.code - 4000));
  live.addEventListener("htmx:ws:after:message:incoming", () => {
    heard = Date.now();
    if (!gone || over) return;
    gone = 0;
    // The first connection, however slow, brings nobody back.
    const line = live.dataset.state && back;
    live.dataset.state = "on";
    live.resume?.();
    missed.textContent = messages.childElementCount - before;
    missed.parentNode.hidden = missed.textContent < 1;
    if (banner.hidden) return;
    say(line);
    setTimeout(() => back.hidden || say(), 2000);
  });
  setInterval(() => {
    if (Date.now() - heard > 35000) again();
    if (!gone) return;
    if (!over && lost.hidden && Date.now() - gone > 1900) say(lost);
    $("long").hidden = Date.now() - gone < 20000;
    $("since").textContent = new Date(gone).toLocaleTimeString([], { timeStyle: "short" });
  }, 500);
  $("retry").onclick = reconnect;
  document.onvisibilitychange = window.ononline = again;
}
