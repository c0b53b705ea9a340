// One inspection, whole: the card, every fact, and what people said beside it.
import { answerOf, cardOf, inWords, numberOf, place } from "./card.js"
import { given, problemOf, sendAnswer } from "./answers.js"
import { el, find, moment, number, page, percent, say } from "./dom.js"
import "./shell.js"

/** @type {import("./card.js").Inspection} */
const inspection = page.inspection
place(cardOf(inspection, { heading: "h1" }))
find("#facts").replaceChildren(...facts())
drawReviews()
document.title = `${numberOf(inspection)} · ${say(inspection.answer)} · Visto Bueno`
document.documentElement.dataset.ready = "true"

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
  section.hidden = !inspection.reviews.length && !find("#review-form, #decides")
  find("#reviews .list").replaceChildren(
    ...inspection.reviews.map((each) =>
      el(
        "li",
        {},
        el(
          "div",
          { className: "said-by" },
          answerOf(each.answer),
          el("small", {}, [...each.defects.map((key) => say(`defect_${key}`)), each.actor.name, moment(each.at)].map((said) => ` · ${said}`).join("")),
          el("p", {}, each.note),
        ),
      ),
    ),
  )
}

const form = find("#review-form")
if (form) {
  const defects = page.defects[inspection.product ?? ""] ?? page.defects[""]
  find("#defects .checks").replaceChildren(
    ...defects.map((/** @type {string} */ key) =>
      el("label", { className: "check" }, el("input", { type: "checkbox", value: key }), el("span", {}, say(`defect_${key}`)))),
  )
  /** @type {import("./answers.js").Given | undefined} sent again after a cut, it is kept once */
  let before
  form.onsubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const answer = /** @type {import("./answers.js").Answer} */ (/** @type {HTMLButtonElement} */ (event.submitter).value)
    const checked = [...form.querySelectorAll("#defects input:checked")].map((each) => each.value)
    const now = given(inspection.number, answer, { note: find("#note").value.trim(), defects: answer === "unfit" ? checked : [] })
    const same = before && before.answer === now.answer && before.note === now.note && String(before.defects) === String(now.defects)
    before = same ? before : now
    const sent = await sendAnswer(/** @type {import("./answers.js").Given} */ (before))
    const problem = find("#review-problem")
    problem.hidden = Boolean(sent.told.answer)
    if (!sent.told.answer) {
      problem.textContent = sent.status ? problemOf(sent) : say("field_state_offline")
      return
    }
    inspection.reviews.push(sent.told)
    before = undefined
    form.reset()
    drawReviews()
  }
}
find("#back").onclick = (/** @type {MouseEvent} */ event) => {
  if (!document.referrer.startsWith(`${location.origin}/history`)) return
  event.preventDefault() // to the very place in the list
  history.back()
}
find("#words").textContent = inWords(inspection)
