// Who this browser is to the station now: another tab may have signed out, and in again.

/** @typedef {{person: number, csrf: string, lines: import("./card.js").Line[], lots: import("./lots.js").Lot[]}} Session */

/** @returns {Promise<Session | null>} null: nobody, or the station cannot be asked */
export async function sessionNow() {
  try {
    const answer = await fetch("/field/session", { headers: { Accept: "application/json" }, redirect: "manual" })
    return answer.ok ? await answer.json() : null
  } catch {
    return null
  }
}
