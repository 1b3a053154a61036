// Printing: where links lead, which day “today” was, and over how much of the room it goes.
window.onbeforeprint = () => {
  const { lang } = document.documentElement, dateStyle = "full";
  for (const link of $$(".message__body a[rel]"))
    if (link.textContent !== link.getAttribute("href")) link.dataset.url = link.href;
  if (!log) return;
  const times = $$("[data-at]", log).map((message) => +message.dataset.at);
  if (times[0]) $("printed").textContent = new Intl.DateTimeFormat(lang, { dateStyle, timeStyle: "short" }).formatRange(times[0], times.at(-1));
  for (const day of $$(".day", log))
    day.dataset.date = new Date(+day.parentNode.dataset.at).toLocaleDateString(lang, { dateStyle });
};
