// Takes photographs (camera, files, ZIP) and sends each to the API under a name of its own, so that a photograph that is
// sent again is never judged again. What came of it is told to Python; what is still under way is shown here.
import { Camera } from "./camera.js"
import { send } from "./sending.js"

const AT_ONCE = 2 // uploads; the station judges as fast as it has cores, more only waste the line
const EARLIER = 24 // outcomes that are told again beside those of the newest group
const PAUSE = 1000 // milliseconds between two tellings: a ZIP has thousands of outcomes

let capture = null // one a document: photographs that are under way stay so while another page is looked at

export default function ({ data, parentElement, setStateValue }) {
  capture ??= new Capture()
  capture.setStateValue = setStateValue
  capture.update(data)
  if (capture.root.parentElement !== parentElement) capture.come(parentElement)
  return () => capture.root.isConnected || capture.leave()
}

const FRAME = `
  <div class="finder" hidden>
    <video playsinline muted autoplay></video><canvas hidden></canvas>
    <button type="button" class="shutter" id="shutter"><span class="only-heard"></span></button>
    <button type="button" class="close plain"></button>
  </div>
  <div class="sources">
    <button type="button" class="button primary open"></button>
    <label class="button phone"><span></span><input type="file" accept="image/*" capture="environment"></label>
    <label class="button files"><span></span>
      <input type="file" multiple accept="image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,.heic,.heif,.avif,.zip,application/zip"></label>
  </div>
  <p class="hint"></p>
  <p class="note" role="alert" hidden></p>
  <div class="pending" aria-live="polite"></div>`

class Capture {
  constructor() {
    const root = document.createElement("div")
    root.className = "vb capture"
    root.innerHTML = FRAME
    this.root = root
    this.items = []
    this.outcomes = []
    this.running = 0
    this.taken = 0
    this.toldAt = 0
    this.camera = new Camera(root.querySelector("video"), root.querySelector("canvas"))
    const find = (selector) => root.querySelector(selector)
    find(".open").onclick = () => this.open()
    find(".close").onclick = () => this.close()
    find(".shutter").onclick = () => this.shoot()
    for (const input of root.querySelectorAll("input[type=file]")) {
      input.onchange = () => {
        this.take([...input.files])
        input.value = "" // the same file may be chosen again
      }
    }
    root.ondragover = (event) => {
      event.preventDefault()
      root.classList.add("over")
    }
    root.ondragleave = () => root.classList.remove("over")
    root.ondrop = (event) => {
      event.preventDefault()
      root.classList.remove("over")
      this.take([...event.dataTransfer.files])
    }
    root.querySelector(".pending").onclick = (event) => {
      this.again((each) => each.id === event.target.closest("[data-again]")?.dataset.again)
    }
    addEventListener("online", () => this.again(() => true))
    for (const name of ["beforeunload", "vb-leave"]) {
      addEventListener(name, (event) => this.items.length && event.preventDefault())
    }
  }

  come(parent) {
    parent.append(this.root)
    if (this.outcomes.length) this.timer ||= setTimeout(() => this.tellAll(), 0) // what came meanwhile
    if (localStorage.getItem("vb-camera") === "open") this.open()
  }

  leave() {
    this.camera.stop()
    this.outcomes = this.outcomes.filter((each) => this.items.some((item) => item.group === each.group)) // told when it is whole
  }

  update(data) {
    // Another session of the same person: what the one before could not send goes out. Another person sends it by hand.
    const back = this.data && this.data.csrf !== data.csrf && this.data.person === data.person
    this.data = data
    const say = (selector, text) => {
      const element = this.root.querySelector(selector)
      if (element.textContent !== text) element.textContent = text
    }
    say(".open", data.open)
    say(".phone span", data.phone)
    say(".files span", data.files)
    say(".hint", matchMedia("(hover: hover)").matches ? `${data.hint} ${data.drop}` : data.hint)
    say(".shutter .only-heard", data.shoot)
    say(".close", data.close)
    this.root.querySelector("video").setAttribute("aria-label", data.finder)
    if (back) this.again(() => true)
    else this.draw()
  }

  async open() {
    const button = this.root.querySelector(".open")
    if (button.getAttribute("aria-busy")) return
    button.setAttribute("aria-busy", "true")
    const refusal = await this.camera.start()
    button.removeAttribute("aria-busy")
    if (!this.root.isConnected) return this.camera.stop()
    this.say(refusal && this.data[refusal])
    this.root.querySelector(".finder").hidden = Boolean(refusal)
    this.root.querySelector(".open").hidden = !refusal
    this.root.classList.toggle("live", !refusal)
    localStorage.setItem("vb-camera", refusal ? "" : "open")
    if (!refusal) this.root.querySelector(".shutter").focus({ preventScroll: true })
  }

  close() {
    this.camera.stop()
    localStorage.setItem("vb-camera", "")
    this.root.classList.remove("live")
    this.root.querySelector(".finder").hidden = true
    const button = this.root.querySelector(".open")
    button.hidden = false
    button.focus()
  }

  async shoot() {
    if (!this.camera.isLive) return this.open() // what stands in the finder is the fruit before
    const photo = await this.camera.shoot()
    if (photo) this.take([photo])
  }

  take(files) {
    const group = newId()
    const of = files.length
    for (const file of files) {
      this.items.push({ id: newId(), order: (this.taken += 1), group, of, file, name: file.name, state: "waiting", done: 0 })
    }
    this.go()
  }

  again(wanted) {
    for (const item of this.items.filter((each) => each.state === "failed" && wanted(each))) {
      Object.assign(item, { state: "waiting", said: "", order: (this.taken += 1) })
    }
    this.go()
  }

  go() {
    while (this.running < AT_ONCE) {
      const next = this.items.find((each) => each.state === "waiting")
      if (!next) break
      next.state = "sending"
      this.running += 1
      this.work(next).finally(() => {
        this.running -= 1
        this.go()
      })
    }
    this.draw()
  }

  async work(item) {
    const told = (change) => {
      Object.assign(item, change)
      this.draw()
    }
    await send(item, this.data, told, (outcome) => {
      this.tell({ group: item.group, of: item.of, order: item.order, ...outcome })
    })
    if (item.state !== "failed") this.items = this.items.filter((each) => each !== item)
    this.draw()
    if (!this.items.some((each) => each.state === "sending")) this.camera.live()
  }

  // In the order in which they were taken: the answer on top is that of the last fruit, not the last answer that came.
  tell(outcome) {
    const all = [...this.outcomes.filter((each) => each.id !== outcome.id), outcome].sort((a, b) => a.order - b.order)
    const newest = all.at(-1).group
    this.outcomes = [...all.filter((each) => each.group !== newest).slice(-EARLIER), ...all.filter((each) => each.group === newest)]
    const rest = outcome.of > 1 ? this.toldAt + PAUSE - Date.now() : 0
    if (rest <= 0) return this.tellAll()
    this.timer ||= setTimeout(() => this.tellAll(), rest)
  }

  // Streamlit forgets what it is told while its line is cut: an answer of the API may be faster than it. Then again later.
  tellAll() {
    clearTimeout(this.timer)
    this.timer = 0
    if (!this.root.isConnected) return
    this.toldAt = Date.now()
    this.setStateValue("outcomes", [...this.outcomes])
    const app = document.querySelector("[data-test-connection-state]")
    const isCut = () => app && app.getAttribute("data-test-connection-state") !== "CONNECTED"
    if (this.waits || !isCut()) return
    this.waits = new MutationObserver(() => {
      if (isCut()) return
      this.waits.disconnect()
      this.waits = null
      this.tellAll()
    })
    this.waits.observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] })
  }

  say(text) {
    const note = this.root.querySelector(".note")
    note.hidden = !text
    note.textContent = text || ""
  }

  // Rows stay the elements that they are: a finger or a focus on one is not lost when another moves on.
  draw() {
    const box = this.root.querySelector(".pending")
    const rows = this.items.map((item) => this.row(item))
    for (const row of [...box.children]) if (!rows.includes(row)) row.remove()
    for (const row of rows) if (row.parentElement !== box) box.append(row)
    this.root.dataset.pending = String(this.items.length)
  }

  row(item) {
    item.row ??= rowOf(item)
    const [, state, bar, again] = item.row.children
    const said = item.said || this.data[item.state === "waiting" ? "waits" : item.done < 1 ? "sends" : "judges"]
    item.row.className = `item ${item.state}`
    if (state.textContent !== said) state.textContent = said
    bar.hidden = item.state !== "sending"
    if (item.done < 1) bar.value = item.done
    else bar.removeAttribute("value")
    again.hidden = item.state !== "failed"
    if (again.textContent !== this.data.again) again.textContent = this.data.again
    return item.row
  }
}

function rowOf(item) {
  const row = document.createElement("div")
  row.innerHTML = `<span class="name"></span><span class="state"></span><progress></progress>
    <button type="button" class="button small"></button>`
  const [name, , bar, again] = row.children
  name.textContent = item.name
  bar.setAttribute("aria-label", item.name)
  again.dataset.again = item.id
  return row
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
