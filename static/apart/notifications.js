// The page of notifications: what only the browser knows, and is asked for only by a click.
{
  const state = $("permission"), ask = $("ask"), form = $("subscription"), push = $("push");
  const show = () => {
    const permission = window.Notification?.permission || "missing";
    state.textContent = state.dataset[permission];
    ask.hidden = permission !== "default";
    return permission === "granted";
  };
  const permitted = async () => {
    await window.Notification?.requestPermission();
    return show();
  };
  ask.onclick = permitted;
  show();
  const worker = window.PushManager && navigator.serviceWorker;
  if (form && worker) {
    const here = async () => (await worker.getRegistration())?.pushManager.getSubscription();
    const known = (endpoint) => $$("[data-endpoint]").find((row) => row.dataset.endpoint === endpoint);
    here().then((subscription) => {
      const row = subscription && known(subscription.endpoint);
      push.hidden = !!row;
      if (row) row.querySelector("[hidden]").hidden = false;
      // Whoever stops it in the list means this browser, too.
      row?.addEventListener("submit", () => subscription.unsubscribe());
    });
    push.onclick = async () => {
      if (!await permitted()) return;
      try {
        await worker.register(form.dataset.worker);
        const { pushManager } = await worker.ready;
        // One that was made for another key of ours is of no use.
        await (await pushManager.getSubscription())?.unsubscribe();
        const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.elements.server_key.value });
        const { endpoint, keys } = made.toJSON();
        for (const [name, value] of Object.entries({ endpoint, ...keys })) if (form.elements[name]) form.elements[name].value = value;
        form.submit();
      } catch {
        state.textContent = state.dataset.failed;
      }
    };
  }
}
