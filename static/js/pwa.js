/**
 * Let the page be installed, and be told of by a page of ours when there is no network.
 */

// Service workers exist on secure origins only; a spa's own network may be plain HTTP.
// With site data blocked, a browser may throw at the property itself.
async function register() {
  await navigator.serviceWorker?.register("/service-worker.js");
}
// Not before the page is there: what a worker fetches would take its place in the line.
addEventListener("load", () => register().catch(() => {}));
