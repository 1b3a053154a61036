// Times and days as the reader's clock and calendar have them; the server only knows UTC.
if (log) {
  const { lang } = document.documentElement, full = { dateStyle: "full" };
  const range = new Intl.DateTimeFormat(lang, { ...full, timeStyle: "short" });
  const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
  const named = (day) => {
    const date = new Date(day), now = new Date(), ago = Math.round((midnight(now) - day) / 864e5);
    if (ago < 2) return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(-ago, "day");
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return date.toLocaleDateString(lang, { weekday: "long", day: "numeric", month: "long", year });
  };
  const localise = () => {
    for (const time of $$(".message__time time:not([title])", log)) {
      const at = new Date(time.dateTime);
      time.textContent = at.toLocaleTimeString([], { timeStyle: "short" });
      time.title = range.format(at);
    }
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
      message.firstChild.dataset.date = new Date(day).toLocaleDateString(lang, full);
    }
    if (first) $("printed").textContent = range.formatRange(first, at);
  };
  localise();
  onGrowth(localise);
  setInterval(localise, 30000);
}
