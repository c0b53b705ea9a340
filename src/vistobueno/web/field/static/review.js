// Review: one photograph large, the answer below the thumb or by a key, the next one loaded already. An answer goes out when
// the next is given or after a few seconds, so that a slip of the thumb can be taken back before it is written for ever.
import { answerOf, numberOf, productOf } from "./card.js"
import { el, find, moment, newId, page, say } from "./dom.js"
import { banner } from "./shell.js"

const GRACE = 4000 // milliseconds in which an answer can be taken back
const AHEAD = 5

/** @typedef {import("./card.js").Inspection} Inspection */
/** @type {Inspection[]} */
const waiting = []
/** @type {Set<number>} */
const seen = new Set()
/** @type {{inspection: Inspection, answer: string, key: string} | null} */
let given = null
/** @type {string | null | undefined} undefined: nothing was asked yet; null: there is no more */
let next
let timer = 0

async function fill() {
  if (next === null || waiting.length >= AHEAD) return
  const query = next ? `?limit=20&cursor=${encodeURIComponent(next)}` : "?limit=20"
  try {
    const answer = await fetch(`/api/v1/waiting${query}`, { headers: { Accept: "application/json" } })
    if (answer.status === 401) return banner(say("field_signed_out"), el("a", { href: "/login?next=/review" }, say("field_sign_in")))
    const found = await answer.json()
    if (!answer.ok) return banner(found.detail)
    next = found.next
    for (const each of found.items) if (!seen.has(each.number)) (seen.add(each.number), waiting.push(each))
  } catch {
    banner(say("field_state_offline"))
    setTimeout(() => fill().then(show), GRACE)
  }
}

function show() {
  const inspection = waiting[0]
  find("#empty").hidden = Boolean(inspection)
  find("#judge").hidden = !inspection
  if (!inspection) return
  const address = inspection.links.photo
  const picture = address
    ? el("img", { src: address, alt: say("ui_photo"), decoding: "sync" })
    : el("p", { className: "notice" }, say("ui_no_photograph"))
  find("#card").replaceChildren(
    el(
      "article",
      { className: "inspection", "data-number": inspection.number },
      el("figure", { className: "look large" }, picture),
      el("p", { className: "facts" }, [numberOf(inspection), productOf(inspection), moment(inspection.at)].join(" · ")),
      el("p", { className: "muted" }, ...inspection.reasons.map((each) => say(`ui_reason_${each}`))),
    ),
  )
  for (const each of waiting.slice(1, 3)) if (each.links.photo) new Image().src = each.links.photo
}

/** @param {string} answer */
function give(answer) {
  const inspection = waiting.shift()
  if (!inspection) return
  flush()
  if (answer) {
    given = { inspection, answer, key: newId() }
    timer = setTimeout(flush, GRACE)
  }
  drawGiven()
  show()
  if (waiting.length < AHEAD) fill().then(() => waiting.length === 1 && show())
}

/** Send the answer that was given last. */
async function flush() {
  clearTimeout(timer)
  if (!given) return
  const { inspection, answer, key } = given
  given = null
  drawGiven()
  const sent = await fetch(`/api/v1/inspections/${inspection.number}/reviews`, {
    method: "POST",
    keepalive: true, // also when the page is being left
    headers: { "Content-Type": "application/json", "X-CSRF-Token": page.csrf, "Idempotency-Key": key, "Accept-Language": page.language },
    body: JSON.stringify({ answer, note: "" }),
  }).catch(() => null)
  if (sent?.ok) return banner("")
  banner(sent ? (await sent.json()).detail : say("field_state_offline"))
  waiting.unshift(inspection) // nothing is lost: it is asked again
  show()
}

function undo() {
  if (!given) return
  clearTimeout(timer)
  waiting.unshift(given.inspection)
  given = null
  drawGiven()
  show()
}

function drawGiven() {
  find("#given").hidden = !given
  if (given) find("#given span").replaceChildren(`${numberOf(given.inspection)}: `, answerOf(given.answer))
}

const KEYS = { a: () => give("fit"), n: () => give("unfit"), s: () => give(""), z: undo }
addEventListener("keydown", (event) => {
  const deed = KEYS[/** @type {keyof KEYS} */ (event.key.toLowerCase())]
  if (!deed || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
  event.preventDefault()
  deed()
})
for (const button of document.querySelectorAll("[data-give]")) {
  /** @type {HTMLElement} */ (button).onclick = () => give(/** @type {HTMLElement} */ (button).dataset.give ?? "")
}
find("#undo").onclick = undo
addEventListener("pagehide", flush)

await fill()
show()
document.documentElement.dataset.ready = "true"
