// The defects of a fruit, named with one thumb: a tap on the defect and, where a standard asks for it, one on how bad it is.
import { el, number, page, say } from "./dom.js"

/**
 * @typedef {Partial<Record<string, "slight" | "moderate" | "serious">>} Severities
 * @typedef {{defects: string[], severities: Severities}} Named
 * @typedef {{defects: string[], severities: Record<string, Record<string, {cm?: number, cm2?: number}>>}} Offered what may be
 *   named of a fruit, and how large each severity of it is
 */

/** What is offered of a fruit: in an open lot by its product and standards. @param {string} product @param {number | null} [lot] @returns {Offered} */
export function offeredOf(product, lot) {
  const of = lot ? page.lots?.find((/** @type {import("./lots.js").Lot} */ each) => each.number === lot) : undefined
  const offered = page.offered[of?.product ?? product] ?? page.offered[""]
  return of ? { defects: offered.defects, severities: of.severities } : offered
}

/** Defects as they are said: golpe (moderado). @param {string[]} defects @param {Severities} [severities] @returns {string[]} */
export const inWordsOf = (defects, severities = {}) =>
  defects.map((each) => (severities[each] ? `${say(`defect_${each}`)} (${say(`severity_${severities[each]}`)})` : say(`defect_${each}`)))

export class Naming {
  /**
   * @param {Offered} offered
   * @param {{heading?: string, done?: (named: Named) => void, changed?: (named: Named) => void}} [tell] `done`: of one defect, at once; without
   *   it several are gathered
   */
  constructor(offered, { heading = "h2", done, changed } = {}) {
    this.offered = offered
    this.done = done
    this.changed = changed
    /** @type {Named} */
    this.named = { defects: [], severities: {} }
    /** The defect whose severity is asked now. */
    this.asked = ""
    this.title = el(heading, { tabIndex: -1 })
    this.chips = el("div", { className: "chips" })
    this.element = el("div", { className: "naming", role: "group", "aria-label": say("field_which_defect") }, this.title, this.chips)
    this.draw()
  }

  /** One step back; false: there is none. */
  back() {
    if (!this.asked) return false
    this.asked = ""
    this.draw()
    return true
  }

  /** Gather several from now on, or name one at once. @param {((named: Named) => void) | undefined} done */
  gather(done) {
    this.done = done
    this.draw()
  }

  /** @param {string} defect */
  #tap(defect) {
    if (this.named.defects.includes(defect)) {
      this.named.defects = this.named.defects.filter((each) => each !== defect)
      delete this.named.severities[defect]
    } else if (this.offered.severities[defect]) {
      this.asked = defect
    } else return this.#add(defect)
    this.draw()
  }

  /** @param {string} defect @param {"slight" | "moderate" | "serious"} [severity] */
  #add(defect, severity) {
    this.named.defects.push(defect)
    if (severity) this.named.severities[defect] = severity
    this.asked = ""
    if (this.done) return this.done(this.named)
    this.draw()
  }

  draw() {
    const { asked } = this
    this.title.textContent = asked ? say("field_how_bad", { defect: say(`defect_${asked}`) }) : say("field_which_defect")
    this.chips.classList.toggle("severities", Boolean(asked))
    const kbd = (/** @type {number} */ place) => el("kbd", {}, String(place + 1))
    this.chips.replaceChildren(
      ...(asked
        ? Object.entries(this.offered.severities[asked]).map(([severity, size], place) =>
            el("button", { type: "button", className: "button", value: severity, onclick: () => this.#add(asked, /** @type {any} */ (severity)) },
              el("span", {}, say(`severity_${severity}`), el("small", {}, sizeOf(size))), kbd(place)))
        : this.offered.defects.map((key, place) => {
            const on = this.named.defects.includes(key)
            return el("button", { type: "button", className: "button", value: key, "aria-pressed": String(on), onclick: () => this.#tap(key) },
              inWordsOf([key], this.named.severities)[0], kbd(place))
          })),
    )
    this.changed?.(this.named)
  }
}

/** @param {{cm?: number, cm2?: number}} size */
function sizeOf({ cm, cm2 }) {
  const digits = (/** @type {number} */ value) => number(value, Number.isInteger(value) ? 0 : Number.isInteger(value * 10) ? 1 : 2)
  if (cm2) return say("field_up_to_cm2", { size: digits(cm2) })
  return cm ? say("field_up_to_cm", { size: digits(cm) }) : ""
}
