// Telling somebody who looks elsewhere of a message: by a sound, by the browser's own notification.
{
  const list = $("unread");
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
  const show = ({ title, text, href }) => {
    // Of several pages that show the same, the browser keeps one.
    const shown = new Notification(title, { body: text, tag: href, icon: $("icon").href });
    shown.onclick = () => {
      focus();
      shown.close();
      location = href;
    };
  };
  let heard;
  new MutationObserver(() => {
    const told = $$("[data-href]", list)[0]?.dataset;
    if (!told || told.href === heard) return;
    heard = told.href;
    const here = heard.startsWith(`${path}/`);
    // Of several pages one makes the sound, and none for who looks at the room.
    if (prefers("sound") && kept().heard !== heard && !(here && document.hasFocus())) ring();
    keep("heard", heard);
    if (prefers("alerts") && document.hidden && window.Notification?.permission === "granted") show(told);
  }).observe(list, { childList: true });
}
