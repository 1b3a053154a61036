// Telling somebody who looks elsewhere of a message, or of a room that was opened for them: by a
// sound, by the browser's own notification.
{
  // Two short notes, made here: no file is fetched for them.
  const ring = () => {
    const audio = new AudioContext(), volume = audio.createGain();
    volume.gain.setValueAtTime(.15, 0);
    volume.gain.exponentialRampToValueAtTime(.001, .4);
    volume.connect(audio.destination);
    for (const note of [0, 1]) {
      const tone = audio.createOscillator();
      tone.frequency.value = [660, 880][note];
      tone.connect(volume);
      tone.start(note * .12);
      tone.stop(note * .12 + .2);
    }
    setTimeout(() => audio.close(), 1000);
  };
  const show = ({ title, text, href, tag }) => {
    // Of several pages that show the same, the browser keeps one.
    const shown = new Notification(title, { body: text, tag, icon: $("icon").href });
    shown.onclick = () => {
      focus();
      shown.close();
      location = href;
    };
  };
  const listen = (list) => {
    let heard = [];
    list && new MutationObserver(() => {
      const rows = $$("[data-tag]", list).map(({ dataset }) => dataset);
      const told = rows.filter(({ tag }) => !heard.includes(tag)), last = told.at(-1);
      if (!last) return;
      heard = rows.map(({ tag }) => tag);
      const here = `${last.href}/`.startsWith(`${path}/`);
      // Of several pages one makes the sound, and none for who looks at the room.
      if (prefers("sound") && kept().heard !== last.tag && !(here && document.hasFocus())) ring();
      keep("heard", last.tag);
      if (prefers("alerts") && document.hidden && window.Notification?.permission === "granted") told.forEach(show);
    }).observe(list, { childList: true });
  };
  ["unread", "inbox"].map($).forEach(listen);
}
