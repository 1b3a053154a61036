// The keyboard: to other rooms, between regions and messages, any letter to the composer.
if (log) {
  let current;
  document.onkeydown = (e) => {
    const { key, target, altKey } = e, command = e.ctrlKey || e.metaKey;
    const step = { ArrowUp: -1, ArrowDown: 1 }[key], letter = !command && !altKey && !prefers("nokeys") && /^[^ ]$/u.test(key);
    const go = (element) => {
      e.preventDefault();
      element.focus();
    };
    const dialog = command && /^k$/i.test(key) ? "switcher"
      : (command ? key === "/" : letter && key === "?" && !target.matches("input, textarea, select")) && "shortcuts";
    if (dialog) return e.preventDefault(showDialog(dialog));
    // An answer may take the place away that had the focus.
    if (target.closest("dialog") || $$("#switcher[open]")[0]) {
      const stops = $$("#switcher :is([name=q], a)"), to = stops[stops.indexOf(target) + step];
      if (to) go(to);
      else if (letter && target.matches("a, body")) stops[0].focus();
      return;
    }
    if (altKey && step) {
      const links = $$(".rooms__room" + (e.shiftKey ? ":is([data-unread], [aria-current])" : ""));
      const to = links.at((links.findIndex((link) => link.ariaCurrent) + step) % links.length);
      e.preventDefault();
      return to.ariaCurrent || to.click();
    }
    if (key === "F6") {
      const regions = [log, box, $("rooms"), $("head")].filter((region) => region?.getClientRects()[0]);
      const at = regions.findIndex((region) => region.contains(target));
      return go(regions.at((at + (e.shiftKey ? -1 : 1)) % regions.length));
    }
    if (command || altKey) return;
    const page = { PageUp: -1, PageDown: 1 }[key];
    if (page && target === box && !box.value) log.scrollBy(0, page * log.clientHeight * .85);
    const all = $$(".message", log), at = all.indexOf(target), here = at < 0 ? all.length : at;
    const to = all[step ? here + step : { Home: 0, End: all.length - 1 }[key]];
    const within = at >= 0 || target === log;
    if (within && to) {
      (current || to).tabIndex = -1;
      (current = to).tabIndex = 0;
      return go(to);
    }
    if (box && (within || target === document.body) && letter) key === "/" ? go(box) : box.focus();
  };
}
