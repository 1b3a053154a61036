// Sharing: a link that is copied with a word said.
document.onclick = async ({ target: button }) => {
  const { done, fallback, share } = button.dataset, link = button.parentNode.firstElementChild;
  if (share) navigator.share({ url: link.value });
  if (!done) return;
  const label = button.value ||= button.textContent;
  link.select();
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
visualViewport.onresize = ({ target: { scale, height } }) => {
  if (scale === 1) document.body.style.setProperty("--view", `${height}px`);
};
