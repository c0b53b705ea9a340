// One inspection, whole: the card, every fact, and what people said beside it.
import { answerOf, cardOf, inWords, numberOf, place } from "./card.js"
import { Answers, given, problemOf, sendAnswer, wasTaken } from "./answers.js"
import { el, find, moment, number, page, percent, say } from "./dom.js"
import { Naming, inWordsOf } from "./naming.js"
import { banner } from "./shell.js"

/** @type {import("./card.js").Inspection} */
const inspection = page.inspection
place(cardOf(inspection, { heading: "h1" }))
find("#facts").replaceChildren(...facts())
drawReviews()
document.title = `${numberOf(inspection)} · ${say(inspection.answer)} · Visto Bueno`
document.documentElement.dataset.ready = "true"
// what was answered on another page and is on its way still: a browser may drop what a page sends as it is left
new Answers({ state: () => {}, refused: (_, detail) => banner(detail), taken: arrived }).send()

/** An answer of another page is kept: it is shown, unless this page came with it. @param {import("./answers.js").Given} given @param {any} told */
function arrived({ number }, told) {
  const list = told.answer ? inspection.reviews : inspection.named
  if (number !== inspection.number || list.some(({ at }) => Date.parse(at) === Date.parse(told.at))) return
  list.push(told)
  drawReviews()
}

function facts() {
  const shares = Object.entries(inspection.probabilities).sort((a, b) => b[1] - a[1])
  const likely = shares.filter(([, share]) => share >= 0.005) // what is less probable is not worth the words
  const classes = (likely.length ? likely : shares.slice(0, 1)).map(([key, share]) => `${page.classes[key] ?? key} ${percent(share)}`).join(", ")
  const pairs = [...page.facts.map((/** @type {[string, unknown]} */ [name, value]) => [name, written(value)]), [say("ui_fact_classes"), classes]]
  return pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])
}

/** A value as its reader writes it. @param {unknown} value */
function written(value) {
  if (typeof value === "number") return number(value, Number.isInteger(value) ? 0 : 3)
  if (typeof value !== "string") return "—"
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return moment(value)
  return /^[0-9a-f]{64}$/.test(value) ? el("code", {}, value) : value || "—"
}

function drawReviews() {
  const section = find("#reviews")
  section.hidden = !inspection.reviews.length && !inspection.named.length && !find("#review-form, #decides")
  const said = [...inspection.reviews, ...inspection.named.map((each) => ({ ...each, answer: "", note: "" }))].sort((a, b) => (a.at < b.at ? -1 : 1))
  find("#reviews .list").replaceChildren(
    ...said.map((each) =>
      el(
        "li",
        {},
        el(
          "div",
          { className: "said-by" },
          each.answer ? answerOf(each.answer) : el("b", {}, say("field_defects")),
          el("small", {}, [...inWordsOf(each.defects, each.severities), each.actor.name, moment(each.at)].map((one) => ` · ${one}`).join("")),
          el("p", {}, each.note),
        ),
      ),
    ),
  )
}

const keep = find("#keep-defects")
const naming = find("#naming") ? new Naming(page.of, { changed: ({ defects }) => keep && (keep.disabled = !defects.length) }) : undefined
if (naming) find("#naming").replaceChildren(naming.element)
if (keep && naming) {
  /** @type {import("./answers.js").Given | undefined} sent again after a cut, they are named once */
  let before
  keep.onclick = async () => {
    const now = given(inspection.number, "", naming.named)
    before = before && JSON.stringify([before.defects, before.severities]) === JSON.stringify([now.defects, now.severities]) ? before : now
    const sent = await sendAnswer(before)
    const problem = find("#defects-problem")
    problem.hidden = wasTaken(sent)
    if (!wasTaken(sent)) return void (problem.textContent = sent.status ? problemOf(sent) : say("field_state_offline"))
    inspection.named.push(sent.told)
    before = undefined
    startAgain()
    drawReviews()
  }
}

function startAgain() {
  if (!naming) return
  naming.named = { defects: [], severities: {} }
  naming.asked = ""
  naming.draw()
}

const form = find("#review-form")
if (form) {
  /** @type {import("./answers.js").Given | undefined} sent again after a cut, it is kept once */
  let before
  form.onsubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const answer = /** @type {import("./answers.js").Answer} */ (/** @type {HTMLButtonElement} */ (event.submitter).value)
    const now = given(inspection.number, answer, { note: find("#note").value.trim(), ...(answer === "unfit" ? naming?.named : {}) })
    const content = (/** @type {import("./answers.js").Given} */ each) => JSON.stringify([each.answer, each.note, each.defects, each.severities])
    const same = before && content(before) === content(now)
    before = same ? before : now
    const sent = await sendAnswer(/** @type {import("./answers.js").Given} */ (before))
    const problem = find("#review-problem")
    problem.hidden = wasTaken(sent)
    if (!wasTaken(sent)) {
      problem.textContent = sent.status ? problemOf(sent) : say("field_state_offline")
      return
    }
    inspection.reviews.push(sent.told)
    before = undefined
    form.reset()
    startAgain()
    drawReviews()
  }
}
find("#back").onclick = (/** @type {MouseEvent} */ event) => {
  if (!document.referrer.startsWith(`${location.origin}/history`)) return
  event.preventDefault() // to the very place in the list
  history.back()
}
find("#words").textContent = inWords(inspection)
