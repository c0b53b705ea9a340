// The lot that is looked at: which package the fruit is from, and which fruit comes next. It is this phone's own choice.
import { counted, el, find, number, say } from "./dom.js"

/**
 * @typedef {{number: number, code: string, packer: string, product: string, severities: import("./naming.js").Offered["severities"], fruit: number, packages: {number: number, looked: number}[]}} Lot
 * @typedef {{lot: number, package: number, fruit?: number, sideOf?: string}} Place `sideOf`: another photograph of the fruit
 *   of that one, whose number the station gives when it arrives
 */
const KEPT = "vb-lot"
const SOON = 1500 // milliseconds in which several answers ask once where the lot stands

/** @returns {{lot: number, package: number}} */
function chosen() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "") ?? {}
  } catch {
    return /** @type {any} */ ({})
  }
}

export class Lots {
  /** @param {import("./queue.js").Queue} queue @param {() => void} change */
  constructor(queue, change) {
    this.queue = queue
    this.change = change
    /** The photograph that was taken last in this lot: another side of its fruit says so. */
    this.last = ""
    /** @type {{number: number, closed: boolean, decision: string, early: boolean, lacking: {inspection: number}[]} | undefined} */
    this.told = undefined
    this.timer = 0
    find("#lot-which").onchange = (/** @type {any} */ event) => this.#choose(Number(event.target.value), 0)
    find("#lot-package").onchange = (/** @type {any} */ event) => this.#choose(chosen().lot, Number(event.target.value))
    find("#lot-side").onclick = (/** @type {any} */ event) => {
      const on = event.currentTarget.getAttribute("aria-checked") !== "true"
      event.currentTarget.setAttribute("aria-checked", String(on))
    }
  }

  /** @returns {Lot | undefined} the lot that photographs go to now */
  get lot() {
    return this.queue.session.lots.find((each) => each.number === chosen().lot)
  }

  /** Where the next photograph is from; it is counted as taken. @param {string} id @returns {Place | undefined} */
  place(id) {
    const { lot } = this
    if (!lot) return undefined
    const side = find("#lot-side").getAttribute("aria-checked") === "true" && this.last
    find("#lot-side").setAttribute("aria-checked", "false")
    const place = { lot: lot.number, package: this.#package(lot).number }
    if (side) return { ...place, sideOf: this.last }
    this.last = id
    this.#package(lot).looked += 1
    this.draw()
    return place
  }

  /** Ask where the lot stands: something of it was answered. */
  ask() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.#asked(), SOON)
  }

  async #asked() {
    const { lot } = this
    if (!lot) return
    try {
      const answer = await fetch(`/field/lots/${lot.number}`, { headers: { Accept: "application/json" }, redirect: "manual" })
      if (!answer.ok) return
      this.told = await answer.json()
    } catch {
      return // no network: what was known stays
    }
    this.#drawTold()
  }

  /** Whether to stop, and of how many fruit something is still to be said. */
  #drawTold() {
    const told = this.told && this.told.number === this.lot?.number && !this.told.closed ? this.told : undefined
    const early = told?.early ? say("field_lot_early", { decision: say(`field_lot_would_${told.decision}`) }) : ""
    const lacking = told?.lacking.length ? told.lacking : undefined
    const way = lacking && el("a", { href: `/inspections/${lacking[0].inspection}#defects` }, counted("lacking", lacking.length))
    find("#lot-told").hidden = !early && !way
    find("#lot-told").replaceChildren(...[early, way].filter((each) => each !== undefined && each !== ""))
  }

  /** @param {Lot} lot */
  #package(lot) {
    return lot.packages.find((each) => each.number === chosen().package) ?? this.#next(lot)
  }

  /** The first package that is not done. @param {Lot} lot */
  #next(lot) {
    return lot.packages.find((each) => each.looked < lot.fruit) ?? lot.packages[0]
  }

  /** @param {number} lot @param {number} box */
  #choose(lot, box) {
    if (lot) localStorage.setItem(KEPT, JSON.stringify({ lot, package: box }))
    else localStorage.removeItem(KEPT)
    this.last = ""
    this.draw()
    this.change()
    this.ask()
  }

  draw() {
    const { lots } = this.queue.session
    const { lot } = this
    find("#lot").hidden = !lots.length
    const name = (/** @type {Lot} */ each) => `${each.code} · ${each.packer}`
    find("#lot-which").replaceChildren(
      el("option", { value: "" }, say("field_lot_none")),
      ...lots.map((each) => el("option", { value: String(each.number) }, name(each))),
    )
    find("#lot-which").value = lot ? String(lot.number) : ""
    for (const part of ["#lot-now", "#lot-side"]) find(part).hidden = !lot
    find("#lot-package").parentElement.hidden = !lot
    this.#drawTold()
    if (!lot) return
    const box = this.#package(lot)
    find("#lot-package").replaceChildren(
      ...lot.packages.map((each) =>
        el("option", { value: String(each.number) }, say("field_lot_package", { package: number(each.number), looked: number(each.looked), of: number(lot.fruit) })),
      ),
    )
    find("#lot-package").value = String(box.number)
    find("#lot-now").textContent =
      box.looked < lot.fruit
        ? say("field_lot_now", {
            place: number(lot.packages.indexOf(box) + 1), places: number(lot.packages.length), fruit: number(box.looked + 1), of: number(lot.fruit),
          })
        : say("field_lot_done", { package: number(box.number) })
    find("#lot-side").hidden = !this.last
  }
}
