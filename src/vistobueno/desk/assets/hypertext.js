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
    showKept(root)
    if (innerWidth >= 1000) root.querySelectorAll("details.wide").forEach((each) => (each.open = true))
  } else {
    root.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"))
  }

  const tell = (element, name, fields) => {
    if (element.getAttribute("aria-busy") === "true") return
    const go = () => {
      element.setAttribute("aria-busy", "true")
      setTriggerValue("deed", { name, value: element.dataset.value ?? "", fields })
    }
    if (element.dataset.sure) ask(element, go)
    else go()
  }
  root.onclick = async (event) => {
    const kept = event.target.closest("[data-keep]")
    if (kept) return keep(root, kept.dataset.keep, kept.dataset.kept)
    const copied = event.target.closest("[data-copy]")
    if (copied) return copy(copied)
    const drawn = event.target.closest("[data-png]")
    if (drawn) return picture(drawn)
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
    tell(button, form.dataset.act, fields)
  }
  root.onkeydown = ({ key }) => {
    if (key === "Escape") root.querySelector(".sure .no")?.click()
  }
  root.onchange = (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit()
    if (event.target.matches("[data-label]")) readLabel(event.target)
  }
}

// A second button beside the first, never a dialog of the browser's: that speaks its own language. The focus stays where
// it is, so that a list can be gone through by keyboard; the next Tab is at the answer.
function ask(element, go) {
  document.querySelectorAll(".vb .sure").forEach((each) => (each.of === element ? each.remove() : each.leave()))
  const box = document.createElement("div")
  box.className = "sure"
  box.innerHTML = `<p role="alert"></p><button type="button" class="button small danger yes"></button>
    <button type="button" class="button small no"></button>`
  const [question, yes, no] = box.children
  question.textContent = element.dataset.sure
  yes.textContent = element.dataset.yes
  no.textContent = element.dataset.no
  const form = element.tagName === "FORM" ? element : null
  const back = () => {
    box.remove()
    ;(form?.querySelector("select, button") ?? element).focus({ preventScroll: true })
  }
  yes.onclick = () => {
    back()
    go()
  }
  no.onclick = () => {
    box.leave()
    back()
  }
  box.of = element
  box.leave = () => {
    form?.reset()
    box.remove()
  }
  if (form) form.append(box)
  else element.after(box)
}

// How this browser shows things (data-theme, data-view of the root; "" as they come): it keeps it, and every page comes so.
function keep(root, name, value) {
  document.cookie = `vb_${name}=${value}; Path=/; SameSite=Lax; Max-Age=${value ? 365 * 24 * 3600 : 0}`
  if (value) document.documentElement.dataset[name] = value
  else delete document.documentElement.dataset[name]
  showKept(root)
}

function showKept(root) {
  for (const each of root.querySelectorAll("[data-keep]")) {
    const chosen = document.documentElement.dataset[each.dataset.keep] ?? ""
    each.setAttribute("aria-pressed", String(each.dataset.kept === chosen))
  }
}

// What the barcodes of a photographed label say goes into the fields of its form. The browser's own detector reads them where
// there is one; else, or where it sees none, the station does.
async function readLabel(input) {
  const { form, dataset } = input
  const photo = input.files[0]
  const said = form.querySelector("[data-label-said]")
  if (!photo) return
  said.textContent = dataset.reading
  try {
    const { csrf } = await (await fetch("/field/session")).json()
    const ask = (path, body, kind) =>
      fetch(`/api/v1/labels${path}`, {
        method: "POST",
        body,
        headers: { "X-CSRF-Token": csrf, "Accept-Language": dataset.language, "Content-Type": kind },
      })
    const codes = await detected(photo)
    let answer = codes.length ? await ask("/codes", JSON.stringify({ codes }), "application/json") : null
    if (!answer?.ok) answer = await ask("", photo, photo.type || "application/octet-stream")
    const found = await answer.json()
    said.textContent = answer.ok ? filled(form, found, dataset.read) : found.detail
  } catch {
    said.textContent = dataset.away
  }
  input.value = ""
}

async function detected(photo) {
  try {
    const found = await new window.BarcodeDetector().detect(await createImageBitmap(photo))
    return found.map((each) => each.rawValue).filter(Boolean).slice(0, 20)
  } catch {
    return [] // there is no detector, or it cannot open the photograph
  }
}

// Writes what was found into the fields of these names, and tells each by its label.
function filled(form, found, read) {
  const told = []
  for (const [name, value] of Object.entries({ code: found.gs1_lot, ...found })) {
    const field = form.elements[name]
    if (value === null || !field || (name === "code" && field.value)) continue
    field.value = String(value)
    field.closest("details")?.setAttribute("open", "")
    told.push(`${field.closest("label").querySelector("span").textContent} ${value}`)
  }
  return `${read} ${told.join(", ")}.`
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

// A chart as it is seen, in this theme's colours, under its title: what is drawn by rules of a page is written into the copy.
const LOOK = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight"]

async function picture(button) {
  const seen = document.getElementById(button.dataset.png)
  const copy = seen.cloneNode(true)
  const parts = [copy, ...copy.querySelectorAll("*")]
  for (const [place, each] of [seen, ...seen.querySelectorAll("*")].entries()) {
    const look = getComputedStyle(each)
    for (const name of LOOK) parts[place].style.setProperty(name, look.getPropertyValue(name))
  }
  const { width, height } = seen.viewBox.baseVal
  const theme = getComputedStyle(seen)
  const head = document.createElementNS(seen.namespaceURI, "g")
  const ground = document.createElementNS(seen.namespaceURI, "rect")
  const edge = 20
  const top = 64
  const size = [width + 2 * edge, height + top + edge]
  for (const [name, value] of [["x", -edge], ["y", -top], ["width", size[0]], ["height", size[1]]]) ground.setAttribute(name, value)
  ground.style.fill = theme.getPropertyValue("--card")
  head.append(ground)
  for (const [words, y, font, colour] of [[button.dataset.title, -38, "600 17px", "--ink"], [button.dataset.of, -16, "14px", "--muted"]]) {
    const text = document.createElementNS(seen.namespaceURI, "text")
    text.setAttribute("y", y)
    text.style.cssText = `fill: ${theme.getPropertyValue(colour)}; font: ${font} ${theme.fontFamily.replaceAll('"', "'")}`
    text.textContent = words
    head.append(text)
  }
  copy.prepend(head)
  copy.setAttribute("viewBox", `${-edge} ${-top} ${size[0]} ${size[1]}`)
  copy.setAttribute("width", size[0] * 2)
  copy.setAttribute("height", size[1] * 2)
  const image = new Image()
  image.src = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }))
  await image.decode()
  const canvas = document.createElement("canvas")
  canvas.width = size[0] * 2
  canvas.height = size[1] * 2
  canvas.getContext("2d").drawImage(image, 0, 0)
  URL.revokeObjectURL(image.src)
  const link = document.createElement("a")
  link.href = URL.createObjectURL(await new Promise((done) => canvas.toBlob(done, "image/png")))
  link.download = button.dataset.name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
