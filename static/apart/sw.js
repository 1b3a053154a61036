// The service worker: shows what is pushed, and leads to it. It keeps no pages.
addEventListener("push", (e) => {
  const { title, text, href, tag } = e.data.json();
  e.waitUntil(registration.showNotification(title, { body: text, tag, data: href }));
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
