{# Written by spa_project/pwa.py, which says what the shell is. #}// Keeps the offline page, and what it is made of.
// Data is never kept: it always comes from the server.
const SHELL = {{ shell|safe }};

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOldShells());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(offlinePage));
  else if (SHELL.files.includes(new URL(request.url).pathname)) event.respondWith(shellFile(request));
});

async function keepShell() {
  const cache = await caches.open(SHELL.name);
  await cache.addAll([SHELL.page, ...SHELL.files]);
  await self.skipWaiting();
}

async function forgetOldShells() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== SHELL.name).map((name) => caches.delete(name)));
}

async function offlinePage() {
  const page = await caches.match(SHELL.page);
  return page ?? Response.error();
}

async function shellFile(request) {
  return fetch(request).catch(async () => (await caches.match(request)) ?? Response.error());
}
