// The keyboard: F6 between regions, arrows between messages, any letter to the composer.
if (log) {
  let current = log;
  document.onkeydown = (e) => {
    const { key, target } = e, menu = document.querySelector(".menu[open]");
    const go = (element) => {
      e.preventDefault();
      element.focus();
    };
    if (key === "Escape" && menu) {
      menu.open = false;
      return go(menu.firstElementChild);
    }
    if (key === "F6") {
      const regions = [log, box, $("rooms"), $("head")].filter((region) => region?.getClientRects()[0]);
      const at = regions.findIndex((region) => region.contains(target));
      return go(regions.at((e.shiftKey ? Math.max(at, 0) - 1 : at + 1) % regions.length));
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    const page = { PageUp: -1, PageDown: 1 }[key], within = target === log || target.matches(".message");
    if (page && target === box && !box.value) log.scrollBy(0, page * log.clientHeight * .85);
    const all = $$(".message", log), at = all.indexOf(target), end = all.length - 1;
    const to = all[{ ArrowUp: at < 0 ? end : at - 1, ArrowDown: at < 0 ? end : at + 1, Home: 0, End: end }[key]];
    if (within && to) {
      if (current !== log) current.tabIndex = -1;
      current = to;
      to.tabIndex = 0;
      return go(to);
    }
    if (box && (within || target === document.body) && /^[^ ]$/u.test(key)) key === "/" ? go(box) : box.focus();
  };
}
