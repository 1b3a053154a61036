// Times and days as the reader's clock and calendar have them; the server only knows UTC.
if (log) {
  const { lang } = document.documentElement, locale = navigator.languages.find((one) => one.startsWith(lang)) || lang;
  const timeStyle = "short";
  const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
  const named = (day) => {
    const ago = Math.round((midnight(Date.now()) - day) / 864e5), date = new Date(day);
    if (ago === 0 || ago === 1) return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-ago, "day");
    const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    return date.toLocaleDateString(locale, { weekday: "long", day: "numeric", month: "long", year });
  };
  const localise = () => {
    for (const time of $$(".message__time time:not([title])", log)) {
      const at = new Date(time.dateTime);
      time.textContent = at.toLocaleTimeString([], { timeStyle });
      time.title = at.toLocaleString(locale, { dateStyle: "full", timeStyle });
    }
    let before;
    for (const message of $$("[data-at]", log)) {
      const day = midnight(+message.dataset.at), had = message.querySelector(".day");
      if (day !== before && had?.title !== named(day)) {
        had?.remove();
        message.classList.remove("message--run");
        message.insertAdjacentHTML("afterbegin", '<h2 class="day"></h2>');
        message.firstChild.textContent = message.firstChild.title = named(day);
      }
      if (day === before) had?.remove();
      before = day;
    }
  };
  localise();
  onGrowth(localise);
  setInterval(localise, 30000);
}
