// The frame of every page: language and title of the document, the bar, and what to say when the line is cut.
import hypertext from "./hypertext.js"

let frame = null // one observer a document, however often the script runs

export default function (component) {
  const { data } = component
  document.documentElement.lang = data.language
  hypertext(component)
  frame ??= watch(data)
  frame.data = data
  frame.rerun = () => component.setTriggerValue("deed", { name: "back" })
  if (data.leave) leave(frame)
}

function watch(data) {
  const state = { data, timer: 0, ended: false }
  const app = document.querySelector("[data-test-connection-state]")
  if (!app) return state
  const look = () => {
    const cut = app.getAttribute("data-test-connection-state") !== "CONNECTED"
    clearTimeout(state.timer)
    if (!cut) {
      if (state.ended) state.rerun() // Streamlit goes on where it was; who this is now, only a run of the script knows
      state.ended = false
      return banner(null)
    }
    state.timer = setTimeout(async () => {
      try {
        const answer = await fetch(state.data.me, { headers: { Accept: "application/json" }, redirect: "manual" })
        if (answer.status === 401 || answer.type === "opaqueredirect") return leave(state) || look()
      } catch {
        // the line is cut: the banner says so
      }
      banner(state.data.offline)
      look()
    }, 1500)
  }
  new MutationObserver(look).observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] })
  // we show no dialogs; Streamlit's own, of a page that does not exist, speaks only English
  const close = () => document.querySelector("[data-testid=stDialog] button, .stDialog button")?.click()
  new MutationObserver(close).observe(document.body, { childList: true })
  close()
  look()
  return state
}

// To the sign-in; but with photographs that only this page holds nobody is led away. Once the session is back, Streamlit
// connects again by itself, and they go out.
function leave(state) {
  state.ended = dispatchEvent(new Event("vb-leave", { cancelable: true })) === false
  // it says why, and leads back to this page
  const way = `${state.data.sign_in}?said=again&next=${encodeURIComponent(location.pathname + location.search)}`
  if (state.ended) banner(state.data.signed_out, { way, words: state.data.again })
  else location.assign(way)
  return !state.ended
}

function banner(text, link) {
  let element = document.getElementById("vb-offline")
  if (!text) return element?.remove()
  if (!element) {
    element = document.createElement("div")
    element.id = "vb-offline"
    element.setAttribute("role", "status")
    document.body.append(element)
  }
  if (element.said === text) return // the focus may be on its link
  element.said = text
  element.textContent = text
  if (!link) return
  const way = document.createElement("a")
  Object.assign(way, { href: link.way, target: "_blank", rel: "noopener", textContent: link.words })
  element.append(" ", way)
}
