// The frame of every page: language and title of the document, the bar, and what to say when the line is cut.
import hypertext from "./hypertext.js"

let frame = null // one observer a document, however often the script runs

export default function (component) {
  const { data } = component
  document.documentElement.lang = data.language
  if (/(^|; )vb_view=list(;|$)/.test(document.cookie)) document.documentElement.dataset.view = "list"
  hypertext(component)
  countPending(data)
  frame ??= watch(data)
  frame.data = data
  if (data.leave) leave(frame)
}

function watch(data) {
  const state = { data, timer: 0 }
  const app = document.querySelector("[data-test-connection-state]")
  if (!app) return state
  const look = () => {
    const cut = app.getAttribute("data-test-connection-state") !== "CONNECTED"
    clearTimeout(state.timer)
    if (!cut) {
      return banner(null)
    }
    state.timer = setTimeout(async () => {
      try {
        const answer = await fetch(state.data.me, { headers: { Accept: "application/json" }, redirect: "manual" })
        if (answer.status === 401 || answer.type === "opaqueredirect") return leave(state)
      } catch {
        // the line is cut: the banner says so
      }
      banner(state.data.offline)
      look()
    }, 1500)
  }
  new MutationObserver(look).observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] })
  // we show no dialogs; Streamlit's own, of a page that does not exist, speaks only English
  const close = () => document.querySelector("[data-testid=stDialog] button")?.click()
  new MutationObserver(close).observe(document.body, { childList: true })
  close()
  look()
  return state
}

// To the sign-in, which says why, and leads back to this page.
const leave = (state) =>
  location.assign(`${state.data.sign_in}?said=again&next=${encodeURIComponent(location.pathname + location.search)}`)

// Photographs that wait in this browser are counted on every page; the page that sends them is one tap away.
function countPending(data) {
  const badge = document.getElementById("pending")
  if (!badge || !("indexedDB" in window)) return
  const asked = indexedDB.open("vistobueno", 1)
  asked.onupgradeneeded = () => asked.transaction.abort() // there is none yet, and it is not made here
  asked.onerror = (event) => event.preventDefault()
  asked.onsuccess = () => {
    const count = asked.result.transaction("photographs").objectStore("photographs").count()
    count.onsuccess = () => {
      badge.hidden = count.result === 0
      badge.textContent = (count.result === 1 ? data.count_pending_one : data.count_pending_many).replace("{count}", count.result)
      asked.result.close()
    }
  }
}

function banner(text) {
  let element = document.getElementById("vb-offline")
  if (!text) return element?.remove()
  if (!element) {
    element = document.createElement("div")
    element.id = "vb-offline"
    element.setAttribute("role", "status")
    document.body.append(element)
  }
  if (element.textContent !== text) element.textContent = text
}
