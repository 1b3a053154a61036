// Panels: the share dialog, menus that close again, and a link copied with a word said.
document.onclick = async (e) => {
  const near = (selector) => e.target.closest(selector);
  for (const menu of $$(".menu[open]")) if (!menu.contains(e.target)) menu.open = false;
  const opener = near("[data-dialog]"), row = near("[data-copy]"), button = near("[data-copy] button");
  if (opener && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
    e.preventDefault();
    $(opener.dataset.dialog).showModal();
  }
  if (!button) return;
  const link = row.querySelector("input"), { done, fallback } = button.dataset;
  link.select();
  if (!done) return navigator.share({ url: link.value });
  const label = button.dataset.label ||= button.textContent;
  try {
    await navigator.clipboard.writeText(link.value);
    button.textContent = done;
  } catch {
    link.focus();
    button.textContent = fallback;
  }
  setTimeout(() => button.textContent = label, 2000);
};
for (const button of $$("[data-share]")) button.hidden = !navigator.share;
// iOS lays its keyboard over the page instead of making the page smaller.
const chat = document.querySelector(".chat"), view = window.visualViewport;
if (chat && view) view.onresize = () => { if (view.scale === 1) chat.style.blockSize = `${view.height}px`; };
