// Takes photographs (camera, files, ZIP) and sends each to the API under a name of its own, so that a photograph that is
// sent again is never judged again. What came of it is told to Python; what is still under way is shown here.
import { Camera } from "./camera.js"
import { send } from "./sending.js"

const AT_ONCE = 2 // uploads; the station judges as fast as it has cores, more only waste the line

export default function ({ data, parentElement, setStateValue }) {
  let root = parentElement.querySelector(":scope > .vb")
  if (!root) {
    root = document.createElement("div")
    root.className = "vb capture"
    root.innerHTML = FRAME
    parentElement.append(root)
    root.capture = new Capture(root)
  }
  root.capture.update(data, setStateValue)
  return () => root.isConnected || root.capture.camera.stop()
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
      <input type="file" multiple accept="image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif,.zip,application/zip"></label>
  </div>
  <p class="hint"></p>
  <p class="note" role="alert" hidden></p>
  <div class="pending" aria-live="polite"></div>`

class Capture {
  constructor(root) {
    this.root = root
    this.items = []
    this.outcomes = []
    this.running = 0
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
      const item = this.items.find((each) => each.id === event.target.closest("[data-again]")?.dataset.again)
      if (item) {
        item.state = "waiting"
        this.go()
      }
    }
  }

  update(data, setStateValue) {
    this.data = data
    this.setStateValue = setStateValue
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
    this.draw()
    if (!this.began) {
      this.began = true
      if (localStorage.getItem("vb-camera") === "open") this.open()
    }
  }

  async open() {
    const button = this.root.querySelector(".open")
    button.setAttribute("aria-busy", "true")
    const refusal = await this.camera.start()
    button.removeAttribute("aria-busy")
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
    const photo = await this.camera.shoot()
    if (photo) this.take([photo])
  }

  take(files) {
    const group = newId()
    const of = files.length
    for (const file of files) this.items.push({ id: newId(), group, of, file, name: file.name, state: "waiting", done: 0 })
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
    await send(item, this.data, told, (outcome) => this.tell({ group: item.group, of: item.of, ...outcome }))
    if (item.state !== "failed") this.items = this.items.filter((each) => each !== item)
    this.draw()
    if (!this.items.some((each) => each.state === "sending")) this.camera.live()
  }

  tell(outcome) {
    this.outcomes = [...this.outcomes.filter((each) => each.id !== outcome.id), outcome].slice(-500)
    this.tellAll()
  }

  // Streamlit forgets what it is told while its line is cut: an answer of the API may be faster than it. Then again later.
  tellAll() {
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

  draw() {
    const box = this.root.querySelector(".pending")
    const rows = this.items.map((item) => {
      const row = document.createElement("div")
      row.className = `item ${item.state}`
      const name = document.createElement("span")
      name.className = "name"
      name.textContent = item.name
      const state = document.createElement("span")
      state.className = "state"
      state.textContent = item.said || this.data[item.state === "waiting" ? "waits" : item.done < 1 ? "sends" : "judges"]
      row.append(name, state)
      if (item.state === "sending") {
        const bar = document.createElement("progress")
        bar.setAttribute("aria-label", item.name)
        if (item.done < 1) bar.value = item.done
        row.append(bar)
      }
      if (item.state === "failed") {
        const again = document.createElement("button")
        again.type = "button"
        again.className = "button small"
        again.dataset.again = item.id
        again.textContent = this.data.again
        row.append(again)
      }
      return row
    })
    box.replaceChildren(...rows)
    this.root.dataset.pending = String(this.items.length)
  }
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
