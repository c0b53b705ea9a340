// Lets the page to inspect open without a network. It keeps that page and its parts, never an answer or a photograph.
const KEPT = "vistobueno-{version}"
const PARTS = {parts}
const PATIENCE = 4000 // milliseconds for the network to give the page, then the kept one opens

self.addEventListener("install", (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()))
})

self.addEventListener("activate", (event) => {
  const gone = caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name))))
  event.waitUntil(gone.then(() => self.clients.claim()))
})

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url)
  if (event.request.method !== "GET") return
  if (pathname.startsWith("/field/")) {
    if (PARTS.includes(pathname)) event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(event.request)))
  } else if (pathname === "/inspect" && event.request.mode === "navigate") event.respondWith(page(event.request))
})

async function fill() {
  const cache = await caches.open(KEPT)
  await cache.addAll(PARTS)
  const page = await fetch("/inspect")
  if (page.ok && !page.redirected) await cache.put("/inspect", page) // redirected: to the sign-in
}

async function page(request) {
  const cache = await caches.open(KEPT)
  const fresh = fetch(request).then((answer) => {
    if (answer.status === 200 && !answer.redirected) cache.put("/inspect", answer.clone())
    return answer
  })
  const late = new Promise((done) => setTimeout(done, PATIENCE))
  try {
    const answer = await Promise.race([fresh, late])
    if (answer && answer.status < 500) return answer
  } catch {
    // no network
  }
  return (await cache.match("/inspect")) ?? fresh
}
