// Shows HTML that Python wrote, and tells Python what was done on it. See hypertext.py.
export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(":scope > .vb")
  if (!root) {
    root = document.createElement("div")
    root.className = "vb"
    parentElement.append(root)
  }
  if (root.shown !== data.html) {
    const held = root.contains(document.activeElement) ? document.activeElement.id : ""
    root.innerHTML = data.html
    root.shown = data.html
    if (held) document.getElementById(held)?.focus({ preventScroll: true })
    const news = root.querySelector("[data-scroll]") // once for each: who has scrolled on is left there
    if (news && news.dataset.scroll !== root.scrolled) news.scrollIntoView({ block: "start" })
    root.scrolled = news?.dataset.scroll
  } else {
    root.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"))
  }

  const tell = (element, name, fields) => {
    if (element.getAttribute("aria-busy") === "true") return
    const question = element.dataset.sure
    if (question && !window.confirm(question)) return
    element.setAttribute("aria-busy", "true")
    setTriggerValue("deed", { name, value: element.dataset.value ?? "", fields })
  }
  root.onclick = async (event) => {
    const copied = event.target.closest("[data-copy]")
    if (copied) return copy(copied)
    const element = event.target.closest("a[data-act], button[data-act]")
    if (!element || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    tell(element, element.dataset.act, {})
  }
  root.onsubmit = (event) => {
    const form = event.target.closest("form[data-act]")
    if (!form) return
    event.preventDefault()
    const button = event.submitter ?? form
    const filled = new FormData(form, event.submitter)
    const fields = {}
    for (const [name, value] of filled) fields[name] = fields[name] ? `${fields[name]} ${value}` : String(value)
    button.dataset.value ??= form.dataset.value ?? ""
    button.dataset.sure ??= form.dataset.sure ?? ""
    tell(button, form.dataset.act, fields)
  }
  root.onchange = (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit()
  }
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy)
  try {
    await navigator.clipboard.writeText(source.textContent)
    button.textContent = button.dataset.done
  } catch {
    getSelection().selectAllChildren(source) // without TLS there is no clipboard: what is selected can still be copied
  }
}
