// One file to the API.

/**
 * @param {import("./queue.js").Kept} item @param {{csrf: string, language: string}} session
 * @param {(done: number) => void} progress @param {(line: any) => void} [onLine] of a ZIP: each outcome as it comes
 * @returns {Promise<{status: number, text: string, after: number}>} status 0: the line is cut
 */
export function post(item, session, progress, onLine) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest() // fetch does not tell how much was sent
    let read = 0
    const readLines = (/** @type {boolean} */ last) => {
      const text = request.responseText
      const end = last ? text.length : text.lastIndexOf("\n") + 1
      const whole = text.slice(read, end)
      read = Math.max(read, end)
      for (const line of whole.split("\n")) if (line.trim()) onLine?.(JSON.parse(line))
    }
    const asked = new URLSearchParams()
    if (item.line) asked.set("line", item.line) // none: it waited since before there were lines
    if (item.place && !onLine) {
      const { lot, package: box, fruit } = item.place
      for (const [name, value] of Object.entries({ lot, package: box, fruit })) if (value) asked.set(name, String(value))
    }
    request.open("POST", `${onLine ? "/api/v1/batches" : "/api/v1/inspections"}?${asked}`)
    request.setRequestHeader("Accept", onLine ? "application/x-ndjson" : "application/json")
    request.setRequestHeader("Accept-Language", session.language)
    request.setRequestHeader("Idempotency-Key", item.id)
    request.setRequestHeader("X-CSRF-Token", session.csrf)
    request.upload.onprogress = (event) => progress(event.total ? Math.min(0.99, event.loaded / event.total) : 0)
    request.upload.onload = () => progress(1)
    if (onLine) request.onprogress = () => request.status === 200 && readLines(false)
    request.onload = () => {
      if (onLine && request.status === 200) readLines(true)
      resolve({ status: request.status, text: request.responseText, after: Number(request.getResponseHeader("Retry-After")) || 1 })
    }
    request.onerror = () => resolve({ status: 0, text: "", after: 1 })
    const form = new FormData()
    form.append(onLine ? "zip" : "photo", new Blob([item.bytes], { type: item.type }), item.name)
    request.send(form)
  })
}

/** The sentence of a problem document, and its code. @param {{text: string}} answer @returns {{said: string, code: string}} */
export function problemOf(answer) {
  try {
    const problem = JSON.parse(answer.text)
    return { said: problem.detail ?? problem.title ?? "", code: problem.code ?? "" }
  } catch {
    return { said: "", code: "" }
  }
}
