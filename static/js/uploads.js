// Files: chosen, dropped or pasted; each goes up at once, and is sent with the next message.
whenWriting(() => {
  if (!$("chips")) return;
  const [chips, drop, files, attached] = ["chips", "drop", "files", "attached"].map($);
  const { action, failed, most, many, max, large } = chips.dataset;
  const upload = (file) => {
    chips.insertAdjacentHTML("beforeend", $("chip").innerHTML);
    const chip = chips.lastElementChild, [picture, name, bar, cancel] = chip.children;
    const request = new XMLHttpRequest(), form = new FormData();
    if (/^image/.test(file.type)) picture.src = URL.createObjectURL(file);
    name.textContent = file.name;
    cancel.onclick = () => {
      chip.remove();
      request.abort();
    };
    const refused = chips.children.length > most ? many : file.size > max && large;
    if (refused) return bar.replaceWith(refused);
    request.upload.onprogress = ({ loaded, total }) => bar.value = loaded / total;
    // The server says what became of it: the finished chip, or the reason why there is none.
    request.onloadend = ({ target: { status, response } }) => {
      if (status === 201) chip.outerHTML = response;
      else if (status) bar.outerHTML = response;
      else bar.replaceWith(failed);
      htmx.process(chips);
    };
    request.open("POST", action);
    request.setRequestHeader("HX-Request", true);
    form.append("file", file);
    request.send(form);
  };
  const take = (e, { files }) => {
    if (!files[0]) return;
    e.preventDefault();
    [...files].map(upload);
    box.focus();
  };
  files.onchange = (e) => {
    take(e, files);
    files.value = "";
  };
  // What is copied from a table or a text is a picture, too; then the text is meant.
  box.onpaste = (e) => e.clipboardData.getData("text") || take(e, e.clipboardData);
  live.ondragover = (e) => {
    if (!e.dataTransfer.types.includes("Files")) return;
    e.preventDefault();
    drop.hidden = false;
  };
  live.ondragleave = (e) => drop.hidden = !live.contains(e.relatedTarget);
  live.ondrop = (e) => {
    drop.hidden = true;
    take(e, e.dataTransfer);
  };
  new MutationObserver(() => {
    attached.value = $$("[data-id]", chips).map((chip) => chip.dataset.id).join(" ");
    box.dispatchEvent(new Event("input"));
  }).observe(chips, { childList: true, subtree: true });
});
