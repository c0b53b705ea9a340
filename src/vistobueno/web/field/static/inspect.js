// Inspect: camera, files or a ZIP. The card answers for the photograph that was taken last, and for no other.
import { Answers } from "./answers.js"
import { Camera } from "./camera.js"
import { answerOf, brokenCard, brokenLine, cardOf, lineOf, neutralCard, place } from "./card.js"
import { deciding } from "./deciding.js"
import { defectsOf } from "./defects.js"
import { el, find, newId, number, page, counted, say } from "./dom.js"
import { Lots } from "./lots.js"
import { Queue, Store } from "./queue.js"
import { banner, showPending } from "./shell.js"
import { ready, signal, switchable } from "./signals.js"

/** @typedef {import("./queue.js").Outcome} Outcome */
const EARLIER = 24 // outcomes that are remembered beside those of the group that is shown
const LISTED = 12 // of them below the card
const ROWS = 200 // lines of a batch
const ORDER = ["unfit", "broken", "review", "fit"] // what must be acted on comes first

/** @type {Outcome[]} by order */
let outcomes = remembered()
let shown = outcomes.at(-1)?.group ?? ""
let preview = "" // of the photograph that is shown
let taken = outcomes.at(-1)?.order ?? 0 // what is taken now comes after it, whatever the clock says
let began = 0 // when the batch that is shown began
const camera = new Camera(find("#finder video"))
const store = await Store.open()
const { person, csrf, language, lines, lots: opened } = page
const queue = new Queue(store, { person, csrf, language, lines, lots: opened }, { change: draw, outcome: told })
const lots = new Lots(queue, draw)

const answers = new Answers({
  state: (why) => (why ? banner(say("field_answers_wait")) : lots.ask()),
  refused: ({ number: of, answer: said }, detail) => {
    banner(detail)
    if (!said) return
    const outcome = outcomes.find((each) => each.inspection?.number === of)
    if (!outcome?.inspection) return
    outcome.inspection.reviews = []
    remember()
    if (outcome.group === shown && outcome.of === 1) drawCard(outcome)
  },
})

// Photographs

/** @param {File[]} files */
async function take(files) {
  if (!files.length) return
  ready()
  const group = newId()
  const line = find("#line select").value
  const of = files.length === 1 && !isZip(files[0]) ? 1 : files.some(isZip) ? 0 : files.length
  shown = group
  began = Date.now()
  if (preview) URL.revokeObjectURL(preview)
  preview = of === 1 ? URL.createObjectURL(files[0]) : ""
  if (of === 1) place(neutralCard(say("field_looking_said"), preview))
  else drawBatch()
  announce("")
  drawEarlier()
  for (const file of files) {
    taken = Math.max(taken + 1, Date.now())
    try {
      const id = newId()
      const where = isZip(file) ? undefined : lots.place(id)
      if (of === 1 && where) find("#card .verdict").after(defects(id, where.lot))
      await queue.add({ id, group, of, order: taken, name: file.name, type: file.type, line, place: where }, file)
    } catch {
      told({ id: newId(), group, of, order: taken, name: file.name, error: say("field_no_room") })
    }
  }
  // from now on this phone changes its line when it is told, and never by itself
  if (localStorage.getItem("vb-line") === null) localStorage.setItem("vb-line", line)
}

const isZip = (/** @type {File} */ file) => /\.zip$/i.test(file.name) || /zip/.test(file.type)

/** @param {Outcome} outcome */
function told(outcome) {
  answers.numbered(outcome.id, outcome.inspection?.number ?? 0)
  if (outcome.inspection?.lot) lots.ask()
  const all = [...outcomes.filter((each) => each.id !== outcome.id), outcome].sort((a, b) => a.order - b.order)
  shown ||= outcome.group
  const others = all.filter((each) => each.group !== shown).slice(-EARLIER)
  outcomes = [...others, ...all.filter((each) => each.group === shown)]
  remember()
  if (outcome.group === shown) {
    if (outcome.of === 1) answer(outcome)
    else soon(drawBatch)
  }
  soon(drawEarlier)
}

/** @param {Outcome} outcome */
function answer(outcome) {
  drawCard(outcome)
  if (!outcome.inspection) return announce(`${say("ui_inspect_not_judged")}. ${outcome.error}`)
  signal(outcome.inspection.answer)
  announce(find("#card .word").textContent + ". " + find("#card .facts").textContent)
}

/** @param {Outcome} outcome */
function drawCard({ id, inspection, error = "" }) {
  if (!inspection) return place(brokenCard(error, preview || undefined))
  const card = cardOf(inspection, { photo: preview || undefined, whole: true })
  const below = el("div", {})
  const draw = () => {
    remember()
    below.replaceChildren(isFit(inspection) ? "" : defects(id, inspection.lot, inspection))
  }
  draw()
  find(".verdict", card).after(deciding(inspection, answers, draw) ?? "", below)
  place(card)
}

/** Nothing is to be named of it. @param {import("./card.js").Inspection} inspection */
const isFit = (inspection) => (inspection.reviews.at(-1)?.answer ?? inspection.answer) !== "unfit" && !inspection.lot && !inspection.named.length

/** @param {string} photograph @param {number | null} lot @param {import("./card.js").Inspection} [inspection] */
function defects(photograph, lot, inspection) {
  const unfit = (inspection?.reviews.at(-1)?.answer ?? inspection?.answer) === "unfit"
  const { number: of = 0, product = "", named = [] } = inspection ?? {}
  return defectsOf({ photograph, number: of, product: product ?? "", lot, unfit, named: named.at(-1) }, answers, (now) => {
    if (!inspection || !now.defects.length) return
    inspection.named = [...named.slice(0, 1), { at: "", actor: { name: "" }, ...now }]
    remember()
  })
}

const announce = (/** @type {string} */ text) => (find("#said").textContent = text)

// What is shown

function drawBatch() {
  const mine = outcomes.filter((each) => each.group === shown)
  const waiting = queue.items.filter((each) => each.group === shown)
  const kind = (/** @type {Outcome} */ each) => each.inspection?.answer ?? "broken"
  const count = (/** @type {string} */ name) => mine.filter((each) => kind(each) === name).length
  const seen = new Map()
  const rows = [...mine].sort((a, b) => ORDER.indexOf(kind(a)) - ORDER.indexOf(kind(b)) || a.order - b.order).slice(0, ROWS)
  const lines = rows.map((each) => {
    if (!each.inspection) return brokenLine(each.name, each.error ?? "")
    const before = seen.get(each.inspection.photo.sha256)
    seen.set(each.inspection.photo.sha256, each.inspection.number)
    return lineOf(each.inspection, before && say("field_same_photo", { number: number(before) }))
  })
  place(
    el(
      "section",
      { className: "batch", "aria-busy": String(waiting.length > 0) },
      el("h2", {}, waiting.length ? progressOf(mine, waiting) : counted("received", mine.length)),
      el(
        "div",
        { className: "tiles" },
        ...["unfit", "review", "fit"].map((name) => el("div", { className: `tile ${name}` }, el("b", {}, number(count(name))), answerOf(name))),
      ),
      count("broken") ? el("p", { className: "notice bad" }, say("ui_inspect_broken", { count: number(count("broken")) })) : null,
      el("ul", { className: "list" }, ...lines),
    ),
  )
}

/** @param {Outcome[]} done @param {import("./queue.js").Item[]} waiting */
function progressOf(done, waiting) {
  const of = Math.max(0, ...waiting.map((each) => each.of))
  const seconds = (Date.now() - began) / 1000
  const left = done.length && of ? Math.ceil((seconds / done.length) * (of - done.length)) : 0
  const said = say(of ? "field_batch_of" : "field_batch", { count: number(done.length), of: number(of) })
  return left > 1 ? `${said} · ${say("field_batch_left", { seconds: number(left) })}` : said
}

function drawEarlier() {
  const before = outcomes.filter((each) => each.group !== shown).slice(-LISTED).reverse()
  find("#earlier").hidden = before.length === 0
  find("#earlier .list").replaceChildren(
    ...before.map((each) => (each.inspection ? lineOf(each.inspection) : brokenLine(each.name, each.error ?? ""))),
  )
}

// Rows stay the elements that they are: a finger or a focus on one is not lost when another moves on.
/** @type {Map<string, any>} */
const rows = new Map()

function draw() {
  showPending(queue.items.length)
  if (queue.session.lines !== drawnLines) drawLines()
  if (queue.session.lots !== drawnLots) drawLots()
  const line = find("#line select").value
  const mine = queue.mine
  for (const [id, row] of rows) if (!mine.some((each) => each.id === id)) (row.remove(), rows.delete(id))
  for (const item of mine.slice(0, LISTED)) {
    if (!rows.has(item.id)) rows.set(item.id, find("#waiting").appendChild(rowOf(item)))
    const [, state, bar, again] = rows.get(item.id).children
    const moving = queue.sending.has(item.id)
    rows.get(item.id).className = `item ${item.held ? "failed" : moving ? "sending" : "waiting"}`
    const said = item.held || (moving ? say((item.done ?? 0) < 1 ? "ui_capture_sends" : "ui_capture_judges") : say("ui_capture_waits"))
    if (state.textContent !== said) state.textContent = said
    bar.hidden = !moving
    if ((item.done ?? 0) < 1) bar.value = item.done ?? 0
    else bar.removeAttribute("value")
    again.hidden = !item.held || (item.lineless && item.line === line)
    again.textContent = item.lotless ? say("field_send_without_lot") : item.lineless ? say("field_send_on", { line }) : say("ui_capture_again")
  }
  const others = queue.items.length - mine.length
  find("#others").hidden = others === 0
  find("#others p").textContent = counted("others", others)
  drawState(mine)
  if ([...outcomes, ...mine].some((each) => each.group === shown && each.of !== 1)) soon(drawBatch)
}

const whyWaits = () => say(queue.state ? `field_state_${queue.state}` : "field_looking_said")

/** @param {import("./queue.js").Item[]} mine */
function drawState(mine) {
  const held = find("#card .looking p")
  const own = mine.find((each) => each.group === shown)
  if (held && own) held.textContent = own.held || whyWaits()
  if (queue.state === "signed_out" && mine.length) {
    banner(say("field_state_signed_out"), el("a", { href: "/login?next=/inspect" }, say("field_sign_in")))
  } else banner(queue.state === "offline" && mine.length ? say("field_state_offline") : "")
  if (!store.lasts && mine.length) banner(say("field_not_kept"))
}

/** @param {import("./queue.js").Item} item */
function rowOf(item) {
  return el(
    "div",
    { className: "item" },
    el("span", { className: "name" }, item.name),
    el("span", { className: "state" }),
    el("progress", { "aria-label": item.name }),
    el("button", {
      type: "button", className: "button small",
      onclick: () =>
        item.lotless ? queue.leaveLot(item) : item.lineless ? queue.move(item, find("#line select").value) : queue.again(),
    }),
  )
}

/** @type {Set<() => void>} */
const due = new Set()

/** Once before the next picture on the screen, however often it is asked for. @param {() => void} work */
function soon(work) {
  if (!due.size) setTimeout(() => [...due].forEach((each) => (due.delete(each), each())), 100)
  due.add(work)
}

/** What this tab showed before it was left or loaded again. @returns {Outcome[]} */
function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem("vb-outcomes") ?? "[]")
  } catch {
    return []
  }
}

function remember() {
  try {
    sessionStorage.setItem("vb-outcomes", JSON.stringify(outcomes.slice(-ROWS)))
  } catch {
    // a full store costs the list, never a photograph
  }
}

// The line: a camera and its place

/** @type {import("./card.js").Line[]} */
let drawnLines = []

/** Those in use, and the one that this phone remembers; where that is retired, a person chooses another. */
function drawLines() {
  drawnLines = queue.session.lines
  const open = drawnLines.filter((each) => !each.retired)
  const chosen = localStorage.getItem("vb-line") ?? open[0].name
  const retired = !open.some((each) => each.name === chosen)
  const name = (/** @type {import("./card.js").Line} */ each) => (each.measured ? each.name : say("field_line_unmeasured", { line: each.name }))
  const options = open.map((each) => el("option", { value: each.name }, name(each)))
  if (retired) options.push(el("option", { value: chosen }, say("field_line_retired", { line: chosen })))
  find("#line").hidden = options.length < 2
  find("#line select").replaceChildren(...options)
  find("#line select").value = chosen
  find("#line-note").hidden = !retired
  find("#line-note").textContent = retired ? say("field_line_gone", { line: chosen }) : ""
}

/** @type {import("./lots.js").Lot[] | undefined} */
let drawnLots

function drawLots() {
  drawnLots = queue.session.lots
  lots.draw()
}

// The camera

async function open() {
  const button = find("#open")
  if (button.getAttribute("aria-busy")) return
  button.setAttribute("aria-busy", "true")
  const refusal = await camera.start(localStorage.getItem("vb-device") || undefined).then(
    // a camera that is gone is not asked for again
    (why) => (why === "missing" && localStorage.getItem("vb-device") ? (localStorage.removeItem("vb-device"), camera.start()) : why),
  )
  button.removeAttribute("aria-busy")
  note(refusal && say(`ui_capture_${refusal}`))
  find("#finder").hidden = Boolean(refusal)
  find("#capture").classList.toggle("live", !refusal)
  localStorage.setItem("vb-camera", refusal ? "" : "open")
  if (refusal) return
  find("#torch").hidden = !camera.hasTorch
  const cameras = await camera.devices()
  find("#which").hidden = cameras.length < 2
  find("#which").replaceChildren(
    ...cameras.map((each, place) => el("option", { value: each.deviceId }, each.label || `${say("field_camera")} ${place + 1}`)),
  )
  find("#which").value = camera.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? ""
  find("#shutter").focus({ preventScroll: true })
}

function close() {
  camera.stop()
  localStorage.setItem("vb-camera", "")
  find("#capture").classList.remove("live")
  find("#finder").hidden = true
  find("#open").focus()
}

async function shoot() {
  if (!camera.isLive) return open() // what stands in the finder is the fruit before
  const photo = await camera.shoot()
  if (photo) await take([photo])
}

function note(/** @type {string} */ text) {
  find("#note").hidden = !text
  find("#note").textContent = text
}

// What a person does

find("#line select").onchange = (/** @type {any} */ event) => {
  localStorage.setItem("vb-line", event.target.value)
  drawLines()
  draw()
}
find("#open").onclick = open
find("#close").onclick = close
find("#shutter").onclick = shoot
find("#which").onchange = (/** @type {any} */ event) => {
  localStorage.setItem("vb-device", event.target.value)
  open()
}
find("#torch").onclick = (/** @type {any} */ event) => {
  const on = event.currentTarget.getAttribute("aria-checked") !== "true"
  event.currentTarget.setAttribute("aria-checked", String(on))
  camera.torch(on)
}
for (const input of document.querySelectorAll("#capture input[type=file]")) {
  const chooser = /** @type {HTMLInputElement} */ (input)
  chooser.onchange = () => {
    const files = [...(chooser.files ?? [])]
    chooser.value = "" // the same file may be chosen again
    take(files)
  }
}
const area = find("#capture")
area.ondragover = (/** @type {DragEvent} */ event) => (event.preventDefault(), area.classList.add("over"))
area.ondragleave = () => area.classList.remove("over")
area.ondrop = (/** @type {DragEvent} */ event) => {
  event.preventDefault()
  area.classList.remove("over")
  take([...(event.dataTransfer?.files ?? [])])
}
find("#others button").onclick = () => queue.adopt()
addEventListener("online", () => (queue.again(), answers.send()))
addEventListener("pagehide", () => answers.leave())
document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState !== "visible" || !queue.mine.length) return
  await queue.renew()
  queue.again()
})
addEventListener("beforeunload", (event) => {
  if (!store.lasts && queue.items.length) event.preventDefault() // only where a closed page would lose them
})

drawLines()
drawLots()
lots.ask()
switchable()
const last = outcomes.findLast((each) => each.group === shown)
if (last?.of === 1) drawCard(last)
else if (last) drawBatch()
drawEarlier()
await queue.renew() // the page itself may be an old one, kept for want of a network
await queue.load()
answers.send()
if (localStorage.getItem("vb-camera") === "open") open()
document.documentElement.dataset.ready = "true"
