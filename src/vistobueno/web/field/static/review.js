// Review: one photograph large, the answer below the thumb, by a push aside or by a key, the next one loaded already.
import { Answers, GRACE, given } from "./answers.js"
import { answerOf, lookOf, numberOf, productOf } from "./card.js"
import { el, find, moment, page, say } from "./dom.js"
import { Naming, inWordsOf, offeredOf } from "./naming.js"
import { banner } from "./shell.js"
import { swipeable } from "./swipe.js"

const AHEAD = 10

/** @typedef {import("./card.js").Inspection & {blind: boolean}} Inspection `blind`: drawn for the audit, and what the model said is not in it */
/** @typedef {import("./answers.js").Answer} Answer */
/** @type {Inspection[]} */
const waiting = []
/** @type {Map<number, HTMLImageElement>} pictures that are loaded already */
const loaded = new Map()
/** @type {Map<number, Inspection>} what was answered and may have to be asked again */
const answered = new Map()
/** @type {string | null} null: there is no more */
let next = page.waiting.next
let filling = false
let timer = 0
/** @type {Naming | undefined} */
let naming

const answers = new Answers({
  state: (why) => {
    if (why === "signed_out") banner(say("field_signed_out"), el("a", { href: "/login?next=/review" }, say("field_sign_in")))
    else banner(why && say("field_answers_wait"))
  },
  refused: ({ number }, detail) => {
    banner(detail)
    const inspection = answered.get(number)
    if (inspection) waiting.splice(1, 0, inspection) // after the one that is looked at: nothing moves under a finger
    if (waiting.length === 1) show()
  },
})
/** @type {Set<number>} */
const seen = new Set(answers.items.map((each) => each.number))

/** @param {{items: Inspection[], next: string | null}} found */
function take(found) {
  next = found.next
  for (const each of found.items) if (!seen.has(each.number)) (seen.add(each.number), waiting.push(each))
}

async function fill() {
  if (next === null || waiting.length >= AHEAD || filling) return
  filling = true
  try {
    const answer = await fetch(`/api/v1/waiting?limit=20&cursor=${encodeURIComponent(next)}`, { headers: { Accept: "application/json" } })
    if (answer.status === 401) return banner(say("field_signed_out"), el("a", { href: "/login?next=/review" }, say("field_sign_in")))
    const found = await answer.json()
    if (!answer.ok) return banner(found.detail)
    take(found)
  } catch {
    banner(say("field_answers_wait"))
    setTimeout(() => fill().then(() => waiting.length && find("#judge").hidden && show()), GRACE)
  } finally {
    filling = false
  }
}

/** @param {Inspection} inspection */
function picture(inspection) {
  const known = loaded.get(inspection.number)
  if (known) return known
  const made = el("img", { src: inspection.links.photo, alt: say("ui_photo"), decoding: "sync" })
  loaded.set(inspection.number, made)
  return made
}

function show() {
  const inspection = waiting[0]
  find("#empty").hidden = Boolean(inspection)
  find("#judge").hidden = !inspection
  name(false)
  if (!inspection) return
  const { blind } = inspection
  const look = lookOf(inspection, inspection.photo.kept ? picture(inspection) : undefined)
  look.classList.add("large")
  find("#card").replaceChildren(
    el(
      "article",
      { className: "inspection", "data-number": inspection.number },
      look,
      el("p", { className: "facts" }, [numberOf(inspection), blind ? "" : productOf(inspection), moment(inspection.at)].filter(Boolean).join(" · ")),
      el("p", { className: blind ? "blind" : "muted" }, blind ? say("field_blind") : inspection.reasons.map((each) => say(`ui_reason_${each}`)).join(" ")),
      ...inspection.named.slice(-1).map(({ defects, severities, actor }) =>
        el("p", { className: "notice" }, say("field_named_by", { person: actor.name, defects: inWordsOf(defects, severities).join(", ") }))),
    ),
  )
  const ahead = waiting.slice(0, 4)
  for (const number of loaded.keys()) if (!ahead.some((each) => each.number === number)) loaded.delete(number)
  for (const each of ahead) if (each.photo.kept) picture(each).decode().catch(() => {})
}

/** Whose defects are offered: in the audit those of what passes on the line, where it is one product. @param {Inspection} inspection */
function productShown({ blind, product, line }) {
  if (!blind) return product ?? ""
  const products = page.lines.find((/** @type {import("./card.js").Line} */ each) => each.name === line)?.products ?? []
  return products.length === 1 ? products[0] : ""
}

/** The defects of an unfit one are named before the next is shown. @param {boolean} on */
function name(on) {
  find("#answers").hidden = on
  find("#hint").hidden = on
  find("#defects").hidden = !on
  if (!on) return
  const asked = new Naming(offeredOf(productShown(waiting[0]), waiting[0].lot), { done: nameOne })
  naming = asked
  find("#naming").replaceChildren(asked.element)
  drawSeveral(false)
  asked.title.focus()
}

/** @param {import("./naming.js").Named} named */
const nameOne = (named) => give("unfit", named)

/** One defect is enough, or several are gathered until a person says that these are all. @param {boolean} on */
function drawSeveral(on) {
  find("#several").setAttribute("aria-checked", String(on))
  find("#named").hidden = !on
  find("#none-named").hidden = on
}

function several() {
  const on = find("#several").getAttribute("aria-checked") !== "true"
  naming?.gather(on ? undefined : nameOne)
  drawSeveral(on)
}

/** @param {string} answer "": another time @param {Partial<import("./naming.js").Named>} [named] */
function give(answer, { defects = [], severities = {} } = {}) {
  const inspection = waiting.shift()
  if (!inspection) return
  if (answer) {
    answered.set(inspection.number, inspection)
    answers.add(given(inspection.number, /** @type {Answer} */ (answer), { defects, severities, blind: inspection.blind }))
  }
  drawGiven()
  show()
  if (waiting.length < AHEAD) fill().then(() => find("#judge").hidden && show())
}

function undo() {
  if (!find("#defects").hidden) return naming?.back() || name(false)
  const back = answers.takeBack()
  const inspection = back && answered.get(back.number)
  drawGiven()
  if (!inspection) return
  waiting.unshift(inspection)
  show()
}

function drawGiven() {
  clearTimeout(timer)
  const { last } = answers
  find("#given").hidden = !last
  if (!last) return
  const inspection = /** @type {Inspection} */ (answered.get(last.number))
  const defects = inWordsOf(last.defects, last.severities).map((each) => ` · ${each}`)
  find("#given span").replaceChildren(`${numberOf(inspection)}: `, answerOf(last.answer), ...defects)
  timer = setTimeout(drawGiven, last.due - Date.now() + 1)
}

const unfit = () => (find("#defects").hidden ? name(true) : give("unfit", naming?.named))
/** @type {Record<string, () => void>} */
const KEYS = {
  a: () => give("fit"), n: unfit, o: () => give("other"), r: () => give("retake"), s: () => give(""), z: undo, Escape: undo,
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
  const place = Number(event.key)
  const chip = find("#defects").hidden || !place ? null : find(`#defects .chips button:nth-child(${place})`)
  const deed = chip ? () => chip.click() : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!deed || (!waiting.length && deed !== undo)) return // the last one's answer can be taken back too
  event.preventDefault()
  deed()
})
for (const each of document.querySelectorAll("[data-give]")) {
  const button = /** @type {HTMLElement} */ (each)
  button.onclick = () => (button.dataset.give === "unfit" ? unfit() : give(button.dataset.give ?? ""))
}
find("#several").onclick = several
find("#named").onclick = () => give("unfit", naming?.named)
find("#undo").onclick = undo
find("#back-to-answers").onclick = undo
swipeable(
  find("#card"),
  (side) => find("#defects").hidden && (side === "right" ? give("fit") : unfit()),
  (side) => (find("#hint").dataset.side = side),
)
addEventListener("pagehide", () => answers.leave())
addEventListener("online", () => answers.send())

answers.send()
take(page.waiting)
if (!waiting.length) await fill()
show()
fill()
document.documentElement.dataset.ready = "true"
