// The frame of every page of the field: what is not sent yet, the language, and the page that opens without a network.
import { find, page, counted } from "./dom.js"
import { Store } from "./queue.js"

/** How many photographs of this browser are not sent yet. @param {number} count */
export function showPending(count) {
  const badge = find("#pending")
  badge.hidden = count === 0
  badge.textContent = counted("pending", count)
}

/** A word at the foot of the page; "" takes it away. @param {string} text @param {HTMLAnchorElement} [way] */
export function banner(text, way) {
  const element = find("#banner")
  if (element.dataset.said === text) return // the focus may be on its link
  element.dataset.said = text
  element.replaceChildren(text, ...(way ? [" ", way] : []))
  element.hidden = !text
}

find("[data-act=language]")?.addEventListener("click", async (/** @type {MouseEvent} */ event) => {
  const { value } = /** @type {HTMLElement} */ (event.currentTarget).dataset
  await fetch("/field/language", {
    method: "POST",
    headers: { "X-CSRF-Token": page.csrf, "Content-Type": "application/json" },
    body: JSON.stringify({ language: value }),
  })
  location.reload()
})

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {})
// a page that has the queue counts by itself
if (!find("#capture")) Store.open().then((store) => store.count()).then(showPending)
