// Below a card: the defects of the fruit that is shown, named while its photograph still waits or when its answer is known.
import { el, say } from "./dom.js"
import { Naming, inWordsOf, offeredOf } from "./naming.js"

/**
 * @typedef {{photograph: string, number: number, product: string, lot: number | null, unfit: boolean, named: import("./naming.js").Named | undefined}} Fruit
 *   `number`: of the inspection, 0 while its photograph waits; `unfit`: it is known to be
 */

/**
 * @param {Fruit} fruit @param {import("./answers.js").Answers} answers
 * @param {(named: import("./naming.js").Named) => void} changed what was named now, which is on its way already
 * @returns {HTMLElement}
 */
export function defectsOf(fruit, answers, changed) {
  const area = el("div", { className: "of-fruit" })
  let open = Boolean(fruit.lot && fruit.unfit && !now())

  function now() {
    return answers.namedOf(fruit) ?? fruit.named
  }

  function draw() {
    const named = now()
    const said = named ? el("p", { role: "status" }, say("field_named", { defects: inWordsOf(named.defects, named.severities).join(", ") })) : null
    if (!open) {
      const word = say(named ? "field_name_again" : "field_name_defect")
      return area.replaceChildren(...[said, el("button", { type: "button", className: "button small", onclick: () => ((open = true), draw()) }, word)].filter(Boolean))
    }
    const naming = new Naming(offeredOf(fruit.product, fruit.lot), { heading: "h3" })
    if (named) Object.assign(naming.named, { defects: [...named.defects], severities: { ...named.severities } })
    const done = el("button", { type: "button", className: "button primary", onclick: () => ((open = false), draw()) }, say("field_named_all"))
    naming.draw()
    let last = JSON.stringify(naming.named)
    naming.changed = (now) => {
      done.hidden = Boolean(naming.asked)
      if (JSON.stringify(now) === last) return
      last = JSON.stringify(now)
      answers.name(fruit, now)
      changed(now)
    }
    area.replaceChildren(naming.element, el("div", { className: "row" }, done))
  }

  draw()
  return area
}
