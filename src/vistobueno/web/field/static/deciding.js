// What follows a verdict that leaves it to a person: who may answer does so on the card; to others it says who decides.
import { given } from "./answers.js"
import { answerOf } from "./card.js"
import { el, page, say } from "./dom.js"

/** @type {import("./answers.js").Answer[]} */
const ANSWERS = ["unfit", "fit", "other", "retake"]

/**
 * @param {import("./card.js").Inspection} inspection its answer is written into it
 * @param {import("./answers.js").Answers} answers @param {() => void} changed an answer was given or taken back
 * @returns {HTMLElement | null}
 */
export function deciding(inspection, answers, changed) {
  if (inspection.answer !== "review") return null
  const { kind, id } = inspection.actor
  const own = page.answers === "own" && kind === "person" && id === page.person
  if (page.answers === "any" && inspection.audit_people) {
    return el("p", { className: "notice" }, say("field_asked_blind"), " ", el("a", { href: "/review" }, say("ui_page_review")))
  }
  if (page.answers !== "any" && !own) return el("p", { className: "notice decides" }, say("field_supervisor_decides"))
  const area = el("div", { className: "deciding", role: "group", "aria-label": say("field_your_answer") })

  /** @param {import("./answers.js").Answer | ""} answer */
  function set(answer) {
    inspection.reviews = answer ? [{ answer, at: "", note: "", defects: [], severities: {}, actor: { name: "" } }] : []
    changed()
    draw()
  }

  function draw() {
    const said = inspection.reviews.at(-1)?.answer
    if (!said) {
      const buttons = ANSWERS.map((each) =>
        el("button", { type: "button", className: "button", value: each, onclick: () => (answers.add(given(inspection.number, each)), set(each)) }, answerOf(each)))
      return area.replaceChildren(el("div", { className: "says" }, ...buttons))
    }
    const { last } = answers
    const undo = () => answers.takeBack()?.number === inspection.number && set("")
    area.replaceChildren(
      el("p", {}, say("field_your_answer"), " ", answerOf(said)),
      ...(last?.number === inspection.number ? [el("button", { type: "button", className: "button small", onclick: undo }, say("field_undo"))] : []),
    )
    if (last?.number === inspection.number) setTimeout(draw, last.due - Date.now() + 1)
  }

  draw()
  return area
}
