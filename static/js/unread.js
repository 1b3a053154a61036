// What is unread. Seen is what stood in view for half a second before someone's eyes.
if (log) {
  const line = $("divider"), pill = $("news"), fresh = $("fresh"), icon = $("icon"), list = $("unread"), inbox = $("inbox"), form = $("seen");
  const { title } = document, { href } = icon, all = () => $$("article[data-number]", log);
  const last = () => all().at(-1)?.dataset.number || 0;
  let seen = 0, from, called, some, paused, timer, waits;
  const show = () => {
    const low = log.scrollTop > -80, count = low && !paused && document.hasFocus() ? 0 : Math.max(0, last() - seen);
    document.title = (count + called ? `(${count + called}) ` : some ? "• " : "") + title;
    icon.href = count || some ? icon.dataset.unread : href;
    fresh.hidden = detached || low || !count && log.scrollTop > -log.clientHeight;
    fresh.textContent = fresh.dataset[Math.min(count, 2)].replace("{n}", count);
    if (pill) pill.hidden = seen >= pill.number.value || !line.hidden && topOf(line) > topOf(log);
  };
  const rooms = () => {
    if (!paused) seen = Math.max(seen, list.firstElementChild.dataset.read);
    some = called = 0;
    for (const link of $$("a[data-room]")) {
      const row = $$(`[data-room="${link.dataset.room}"]`, list)[0];
      link.toggleAttribute("data-unread", !!row);
      link.lastElementChild.innerHTML = row?.innerHTML || "";
      some ||= row;
      called += +row?.dataset.mentions || 0;
    }
    show();
  };
  const say = (number) => {
    if (number <= seen || !detached && live.dataset.state !== "on") return;
    paused = 0;
    form.number.value = seen = +number;
    htmx.trigger(form, "seen");
    show();
  };
  const inView = () => all().findLast((message) => topOf(message) < topOf(log) + log.clientHeight - 20)?.dataset.number;
  const sees = () => !paused && document.hasFocus() && last() > seen;
  // Where the first unread message is not loaded, nobody has seen those before the ones in view.
  const look = () => {
    if (timer || !sees()) return;
    timer = setTimeout((before) => {
      if (sees() && all()[0].dataset.number <= seen + 1) say(Math.min(before, inView()));
      timer = setTimeout(() => look(timer = 0), 1500);
    }, 500, inView());
  };
  // Who looks when something comes to wait for them is not told of it elsewhere.
  const attend = () => waits && document.hasFocus() && htmx.trigger($("look"), "look", waits = 0);
  const turn = () => look(show(attend()));
  const divide = (number) => {
    const message = $(`m${number}`);
    if (!message) return;
    message.before(line);
    message.classList.remove("message--run");
    from = line.hidden = false;
  };
  // Looking lays the page out, so that is not done for each of many messages.
  let soon;
  onGrowth(() => soon ||= setTimeout(() => turn(divide(from), soon = 0), 50));
  new MutationObserver(rooms).observe(list, { childList: true });
  if (inbox) new MutationObserver(() => attend(waits = 1)).observe(inbox, { childList: true });
  log.addEventListener("scroll", turn);
  // The line moves only behind the back of those who look elsewhere.
  onblur = onfocus = ({ type }) => turn(from = type === "blur" && seen + 1);
  document.addEventListener("click", ({ target: { form, dataset } }) => {
    if (dataset.act !== "unread") return;
    paused = true;
    seen = form.unread.value - 1;
    show(divide(seen + 1));
  });
  document.addEventListener("keydown", ({ key, target, defaultPrevented }) => {
    if (key === "Escape" && !defaultPrevented && !target.matches("input, textarea") && !$$(":popover-open, [open]")[0]) say(last());
  });
  fresh.onclick = () => log.scrollTop = 0;
  rooms();
  if (pill) {
    setTimeout(() => $("announcer").textContent ||= $("news-text").innerText, 1000);
    pill.onsubmit = () => !!say(last());
    divide(seen + 1);
  }
  from = (pill ? line.hidden : !document.hasFocus()) && seen + 1;
  look();
}
