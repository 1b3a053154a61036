// Times and days as the reader's clock and calendar have them; the server only knows UTC.
{
  const { lang } = document.documentElement, full = { dateStyle: "full" }, short = { timeStyle: "short" };
  const written = (style, as = lang) => new Intl.DateTimeFormat(as, style);
  // In the page's language, with twelve hours or twenty-four as the reader is used to.
  const clock = written(short, []), { hour12 } = clock.resolvedOptions();
  const moment = written({ ...full, ...short, hour12 }), zoned = written({ ...full, timeStyle: "long", hour12 });
  const forms = {
    clock,
    full: moment,
    day: written(full),
    // Swedish puts the year first, as the server does.
    short: written({ dateStyle: "short", ...short }, "sv"),
  };
  const times = "[data-when]:not([title]), #log .message__time time:not([title])";
  const localise = (node) => {
    for (const time of node.matches?.(times) ? [node] : $$(times, node)) {
      const { when } = time.dataset, at = new Date(time.dateTime);
      time.textContent = forms[when || "clock"].format(at);
      time.title = (when ? zoned : moment).format(at);
    }
  };
  localise(document);
  // Of a long page only what came.
  new MutationObserver((all) => {
    for (const { addedNodes } of all) for (const node of addedNodes) if (node.children) localise(node);
  }).observe(document.body, { childList: true, subtree: true });

  const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
  const named = (day) => {
    const date = new Date(day), now = new Date(), ago = Math.round((midnight(now) - day) / 864e5);
    if (ago < 2) return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(-ago, "day");
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return date.toLocaleDateString(lang, { weekday: "long", day: "numeric", month: "long", year });
  };
  const divide = () => {
    let before, first, at;
    for (const message of $$("[data-at]", log)) {
      const heading = message.querySelector(".day"), day = midnight(at = +message.dataset.at);
      first ||= at;
      // Whether the first one opens its day is known when what came before it is there.
      const name = day === before || !before && $("older") ? "" : named(day);
      before = day;
      if ((heading?.textContent || "") === name) continue;
      heading?.remove();
      if (!name) continue;
      message.classList.remove("message--run");
      message.insertAdjacentHTML("afterbegin", '<h2 class="day"></h2>');
      message.firstChild.textContent = name;
      // On paper no day is today.
      message.firstChild.dataset.date = forms.day.format(day);
    }
    if (first) $("printed").textContent = moment.formatRange(first, at);
  };
  if (log) {
    divide();
    onGrowth(divide);
    setInterval(divide, 30000);
  }
}
