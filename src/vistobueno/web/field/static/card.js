// One card shows one inspection: photograph, verdict, heat map and number are made together and put in place in one step.
import { zoomable } from "./zoom.js"
import { clock, el, find, moment, number, page, percent, say, sign } from "./dom.js"

/**
 * An inspection as the API tells it.
 * @typedef {{name: string, products: string[], retired: boolean, measured: boolean, calibration: string | null, low: number, high: number}} Line
 * @typedef {{number: number, at: string, line: string, answer: "fit" | "unfit" | "review", reasons: string[], forced: string, product: string | null,
 *   probability_unfit: number, probabilities: Record<string, number>, ood_score: number | null, ood_threshold: number | null,
 *   audit_people: number, filename: string | null, source: string, has_heat_map: boolean, elapsed_ms: number,
 *   actor: {kind: string, id: number | null, name: string}, model: {name: string, version: string, digest: string, calibration: string | null},
 *   photo: {sha256: string, width: number, height: number, format: string, bytes: number, sharpness: number, brightness: number,
 *     clipped: number, kept: boolean},
 *   reviews: {answer: string, at: string, note: string, defects: string[], severities: import("./naming.js").Severities, actor: {name: string}}[],
 *   named: {at: string, defects: string[], severities: import("./naming.js").Severities, actor: {name: string}}[],
 *   lot: number | null, package: number | null, fruit: number | null, links: Record<string, string>}} Inspection
 */

/** What looks like none of the products is not called by the name of one. @param {Inspection} inspection */
export function productOf(inspection) {
  if (inspection.product === null) return say("ui_unknown_product")
  return page.texts[inspection.product] ?? inspection.product
}

/** N.º 1.234. @param {Inspection} inspection */
export const numberOf = (inspection) => say("ui_number", { number: number(inspection.number) })

/** ✔ APTO, in its colour and shape. @param {string} name */
export const answerOf = (name) => el("span", { className: `answer ${name}` }, sign(name), el("span", {}, say(name)))

/** The verdict as a sentence. @param {Inspection} inspection */
export function inWords(inspection) {
  if (inspection.product === null) return say("ui_words_ood")
  const share = inspection.probability_unfit
  return say(`ui_words_${inspection.answer}`, {
    product: productOf(inspection), fit: percent(1 - share), unfit: percent(share),
  })
}

/**
 * The whole card.
 * @param {Inspection} inspection
 * @param {{photo?: string, heading?: string, whole?: boolean}} [shown] `photo`: an address that is loaded already; `whole`: with
 *   a way to the inspection's own page.
 */
export function cardOf(inspection, { photo, heading = "h2", whole = false } = {}) {
  const { answer } = inspection
  const measured = inspection.model.calibration !== null
  const facts = [numberOf(inspection), productOf(inspection), moment(inspection.at), say("field_line", { line: inspection.line })]
  facts.push(say(measured ? "ui_fitted" : "ui_unmeasured"))
  return el(
    "article",
    { className: `inspection ${answer}`, "data-number": inspection.number },
    el(
      "div",
      { className: `verdict ${answer}`, "data-number": inspection.number },
      el(heading, { className: "word" }, sign(answer), el("span", {}, say(answer))),
      el("p", {}, inWords(inspection)),
      el("p", { className: "facts" }, facts.join(" · ")),
    ),
    lookOf(inspection, inspection.photo.kept ? pictureOf(inspection, photo) : undefined),
    inspection.reasons.length
      ? el("ul", { className: "reasons" }, ...inspection.reasons.map((each) => el("li", {}, say(`ui_reason_${each}`))))
      : null,
    el(heading === "h1" ? "h2" : "h3", {}, say("ui_probability_unfit")),
    meter(inspection),
    el("p", { className: "muted" }, say(measured ? "camera_commissioned" : "camera_unmeasured")),
    whole ? el("p", {}, el("a", { className: "button small", href: `/inspections/${inspection.number}` }, say("ui_inspect_whole"))) : null,
  )
}

/** @param {Inspection} inspection @param {string} [photo] */
function pictureOf(inspection, photo) {
  const address = inspection.links.photo
  const picture = el("img", { src: photo ?? address, alt: say("ui_photo") })
  picture.onerror = () => (picture.onerror = null, (picture.src = address)) // a HEIC that this browser cannot show
  return picture
}

/**
 * The photograph, which can be made larger; the heat map lies over it and comes and goes with it. Until it is loaded nothing
 * can be switched.
 * @param {Inspection} inspection @param {HTMLImageElement} [picture] none: it is no longer kept
 */
export function lookOf(inspection, picture) {
  if (!picture) return el("p", { className: "notice" }, say("ui_no_photograph"))
  const heat = el("img", { className: "heat", hidden: true, alt: say("ui_heat_map") })
  const { box, tools } = zoomable(picture, heat)
  const figure = el("figure", { className: "look" }, box)
  if (!inspection.has_heat_map) return figure.append(tools), figure
  const caption = el("figcaption", { hidden: true }, say("ui_heat_map_caption"))
  const toggle = el(
    "button",
    { type: "button", className: "button small switch", role: "switch", "aria-checked": "false" },
    say("field_heat_map"),
  )
  toggle.onclick = async () => {
    const on = toggle.getAttribute("aria-checked") !== "true"
    if (!heat.src) heat.src = inspection.links.heat_map
    await heat.decode().catch(() => {})
    heat.hidden = !on
    caption.hidden = !on
    toggle.setAttribute("aria-checked", String(on))
  }
  figure.append(caption, tools, toggle)
  return figure
}

/** The probability on a line, with the three zones where what judged is what judges there now. @param {Inspection} inspection */
function meter(inspection) {
  const share = inspection.probability_unfit
  const value = percent(share)
  const at = (/** @type {string} */ name, /** @type {Record<string, number>} */ places) => {
    const part = el("span", { className: name })
    for (const [side, place] of Object.entries(places)) part.style[side] = `${place * 100}%`
    return part
  }
  const zones = []
  const line = page.lines.find((/** @type {Line} */ each) => each.name === inspection.line)
  if (line && page.model.digest === inspection.model.digest && line.calibration === inspection.model.calibration) {
    const [low, high] = [line.low, line.high].map((each) => Math.min(1, Math.max(0, each)))
    zones.push(
      at("zone fit", { width: low }), at("zone review", { left: low, right: 1 - high }), at("zone unfit", { width: 1 - high }),
    )
  }
  return el(
    "div",
    { className: "meter", role: "img", "aria-label": `${say("ui_probability_unfit")}: ${value}` },
    ...zones,
    at("mark", { left: share }),
    Object.assign(at("value", share < 0.5 ? { left: share } : { right: 1 - share }), { textContent: value }),
    el("span", { className: "ends" }, el("span", {}, say("fit")), el("span", {}, say("unfit"))),
  )
}

/** One line of a list, which leads to the whole. @param {Inspection} inspection @param {string} [note] */
export function lineOf(inspection, note) {
  const said = inspection.reasons.map((each) => say(`ui_why_${each}`))
  return el(
    "li",
    {},
    el(
      "a",
      { className: "line", href: `/inspections/${inspection.number}`, "data-answer": inspection.answer },
      inspection.photo.kept
        ? el("img", { src: inspection.links.thumbnail, alt: "", width: 60, height: 60, loading: "lazy" })
        : el("span", { className: "none" }),
      el(
        "span",
        { className: "what" },
        el("b", {}, `${numberOf(inspection)} · ${productOf(inspection)}`),
        el("small", {}, [clock(inspection.at), ...said, inspection.filename, note].filter(Boolean).join(" · ")),
      ),
      el("span", { className: "side" }, answerOf(inspection.answer)),
    ),
  )
}

/** One line for a file that was refused. @param {string} name @param {string} error */
export function brokenLine(name, error) {
  return el(
    "li",
    {},
    el(
      "div",
      { className: "line broken" },
      el("span", { className: "none" }),
      el("span", { className: "what" }, el("b", {}, name), el("small", { className: "said" }, error)),
      el("span", {}),
    ),
  )
}

/** The card of a photograph that could not be judged. @param {string} error @param {string} [photo] */
export function brokenCard(error, photo) {
  return el(
    "article",
    { className: "inspection broken" },
    el(
      "div",
      { className: "verdict broken" },
      el("h2", { className: "word" }, sign("broken"), el("span", {}, say("ui_inspect_not_judged"))),
      el("p", {}, error),
    ),
    photo ? neutralPicture(photo) : null,
  )
}

/** The neutral card: a photograph was taken, and nothing is known of it yet. @param {string} said @param {string} [photo] */
export function neutralCard(said, photo) {
  return el(
    "article",
    { className: "inspection looking" },
    el("div", { className: "verdict looking" }, el("h2", { className: "word" }, el("span", {}, say("field_looking"))), el("p", {}, said)),
    photo ? neutralPicture(photo) : null,
  )
}

/** @param {string} photo */
function neutralPicture(photo) {
  const picture = el("img", { src: photo, alt: say("ui_photo") })
  picture.onerror = () => picture.closest("figure")?.remove() // this browser cannot show a HEIC
  return el("figure", { className: "look" }, picture)
}

/** Put a card where the one before was, in one step. @param {Element} card */
export function place(card) {
  find("#card").replaceChildren(card)
}
