/**
 * Wait until the server can be reached again, then load the requested page.
 */

const TRY_EVERY_MS = 10_000;

async function tryAgain() {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

addEventListener("online", tryAgain);
setInterval(tryAgain, TRY_EVERY_MS);
