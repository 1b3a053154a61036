// The service worker: shows what is pushed, and leads to the message. It keeps no pages.
addEventListener("push", (e) => {
  const { title, text, href } = e.data.json();
  e.waitUntil(registration.showNotification(title, { body: text, tag: href, data: href }));
});
addEventListener("notificationclick", (e) => {
  const { data } = e.notification;
  e.notification.close();
  e.waitUntil((async () => {
    const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find(({ url }) => new URL(url).pathname === data) || pages.find(({ url }) => url.includes(data.replace(/\/\d+$/, "")));
    try {
      await (await page.navigate(data)).focus();
    } catch {
      await clients.openWindow(data);
    }
  })());
});
