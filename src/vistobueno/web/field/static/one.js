// One inspection, whole: the card, every fact, and what people said beside it.
import { answerOf, cardOf, inWords, numberOf, place, productOf } from "./card.js"
import { given, sendAnswer } from "./answers.js"
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
  const { photo, model } = inspection
  const shares = Object.entries(inspection.probabilities).sort((a, b) => b[1] - a[1])
  const likely = shares.filter(([, share]) => share >= 0.005) // what is less probable is not worth the words
  const classes = (likely.length ? likely : shares.slice(0, 1)).map(([key, share]) => `${page.classes[key] ?? key} ${percent(share)}`).join(", ")
  const stranger =
    inspection.stranger === null || inspection.scope_threshold === null
      ? "—"
      : say("ui_of_at_most", { value: number(inspection.stranger, 2), most: number(inspection.scope_threshold, 2) })
  const pairs = [
    ["ui_fact_number", numberOf(inspection)],
    ["ui_fact_at", moment(inspection.at)],
    ["ui_who", `${inspection.actor.name} (${say(`ui_kind_${inspection.actor.kind}`)})`],
    ["ui_source", say(`ui_source_${inspection.source}`)],
    ["ui_fact_file", inspection.filename ?? "—"],
    ["ui_product", productOf(inspection)],
    ["ui_fact_classes", classes],
    ["ui_fact_forced", answerOf(inspection.forced)],
    ["ui_fact_stranger", stranger],
    ["ui_fact_photo", `${photo.width} × ${photo.height}, ${photo.format.toUpperCase()}, ${number(photo.bytes / 1e6, 1)} MB`],
    [
      "ui_fact_quality",
      say("ui_fact_quality_said", {
        sharpness: number(photo.sharpness, 1), brightness: percent(photo.brightness), clipped: percent(photo.clipped),
      }),
    ],
    ["ui_fact_elapsed", `${number(inspection.elapsed_ms)} ms`],
    ["ui_fact_model", `${model.name} ${model.version}`],
    ["ui_fact_digest", el("code", {}, model.digest)],
    ["ui_fact_sha256", el("code", {}, photo.sha256)],
  ]
  return pairs.flatMap(([name, value]) => [el("dt", {}, say(/** @type {string} */ (name))), el("dd", {}, value)])
}

function drawReviews() {
  const section = find("#reviews")
  section.hidden = !inspection.reviews.length && !page.may.includes("review")
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
    const now = given(inspection.number, answer, find("#note").value.trim(), answer === "unfit" ? checked : [])
    const same = before && before.answer === now.answer && before.note === now.note && String(before.defects) === String(now.defects)
    before = same ? before : now
    const sent = await sendAnswer(/** @type {import("./answers.js").Given} */ (before))
    const problem = find("#review-problem")
    problem.hidden = Boolean(sent?.ok)
    if (!sent?.ok) {
      problem.textContent = sent ? (await sent.json()).detail : say("field_state_offline")
      return
    }
    inspection.reviews.push(await sent.json())
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
