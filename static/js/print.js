// Printing: says over how much of the room it goes, which grows while one reads.
if (log) window.onbeforeprint = () => {
  const titles = $$(".message__time time", log).map((time) => time.title);
  $("printed").textContent = titles.length && `${titles[0]} – ${titles.at(-1)}`;
};
