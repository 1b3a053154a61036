// The keyboard: F6 between regions, arrows between messages, any letter to the composer.
if (log) {
  let current;
  document.onkeydown = (e) => {
    const { key, target } = e;
    const go = (element) => {
      e.preventDefault();
      element.focus();
    };
    if (key === "F6") {
      const regions = [log, box, $("rooms"), $("head")].filter((region) => region?.getClientRects()[0]);
      const at = regions.findIndex((region) => region.contains(target));
      return go(regions.at((at + (e.shiftKey ? -1 : 1)) % regions.length));
    }
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const page = { PageUp: -1, PageDown: 1 }[key];
    if (page && target === box && !box.value) log.scrollBy(0, page * log.clientHeight * .85);
    const all = $$(".message", log), at = all.indexOf(target), here = at < 0 ? all.length : at;
    const to = all[{ ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: all.length - 1 }[key]];
    const within = at >= 0 || target === log;
    if (within && to) {
      (current || to).tabIndex = -1;
      (current = to).tabIndex = 0;
      return go(to);
    }
    if (box && (within || target === document.body) && /^[^ ]$/u.test(key)) key === "/" ? go(box) : box.focus();
  };
}
