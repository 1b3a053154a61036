// Printing: where links lead.
onbeforeprint = () => {
  for (const link of $$(".message__body a[rel]"))
    if (link.textContent !== link.getAttribute("href")) link.dataset.url = link.href;
};
