// One file to the API, with patience: busy or cut off, it is sent again under the same name, and kept once.
const PATIENCE = 8 // attempts

export async function send(item, data, told, tell) {
  const zip = /\.zip$/i.test(item.name) || /zip/.test(item.file.type)
  for (let attempt = 1; ; attempt += 1) {
    told({ state: "sending", done: 0, said: "" })
    const answer = await post(zip ? data.batches : data.inspections, item, data, (done) => told({ done }), zip && lines)
    if (answer.status >= 200 && answer.status < 300) return zip ? undefined : finished(answer)
    if (answer.status === 403) return told({ state: "failed", said: sentence(answer, data) }) // of who asks, not of the photograph
    if (answer.status === 401) return told({ state: "failed", said: data.signed_out })
    const later = answer.status === 0 || answer.status === 503 || answer.status === 429
    if (!later) return refused(answer)
    if (attempt === PATIENCE) return told({ state: "failed", said: answer.status ? sentence(answer, data) : data.failed })
    told({ said: answer.status ? data.busy : data.offline })
    await pause(Math.min(15, Math.max(answer.after, attempt)))
  }

  function finished({ text }) {
    const found = JSON.parse(text)
    tell({ id: item.id, name: item.name, number: found.number })
    told({ state: "done" })
  }
  function refused(answer) {
    tell({ id: item.id, name: item.name, error: sentence(answer, data) })
    told({ state: "done" })
  }
  // Answers of a ZIP come line by line while the station works.
  function lines(line) {
    const found = JSON.parse(line)
    const number = found.inspection?.number ?? found.number
    const problem = found.problem ?? found.error
    const error = typeof problem === "string" ? problem : (problem?.detail ?? problem?.title)
    if (!found.name && !number && !error) return
    const id = `${item.id}/${found.name ?? number}`
    tell(number ? { id, of: 2, name: found.name, number } : { id, of: 2, name: found.name ?? item.name, error })
  }
}

function sentence(answer, data) {
  try {
    const problem = JSON.parse(answer.text)
    return problem.detail ?? problem.title
  } catch {
    return answer.status ? data.failed : data.offline
  }
}

// XMLHttpRequest, because fetch does not tell how much was sent.
function post(address, item, data, progress, onLine) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    let read = 0
    const readLines = (last) => {
      const text = request.responseText
      const end = last ? text.length : text.lastIndexOf("\n") + 1
      const whole = text.slice(read, end)
      read = Math.max(read, end)
      for (const line of whole.split("\n")) if (line.trim()) onLine(line)
    }
    request.open("POST", address)
    request.setRequestHeader("Accept", onLine ? "application/x-ndjson" : "application/json")
    request.setRequestHeader("Accept-Language", data.language)
    request.setRequestHeader("Idempotency-Key", item.id)
    request.setRequestHeader("X-CSRF-Token", data.csrf)
    request.upload.onprogress = (event) => progress(event.total ? Math.min(0.99, event.loaded / event.total) : 0)
    request.upload.onload = () => progress(1)
    if (onLine) request.onprogress = () => request.status === 200 && readLines(false)
    const answer = () => {
      if (onLine && request.status === 200) readLines(true)
      resolve({ status: request.status, text: request.responseText, after: Number(request.getResponseHeader("Retry-After")) || 1 })
    }
    request.onload = answer
    request.onerror = () => resolve({ status: 0, text: "", after: 1 })
    const form = new FormData()
    form.append(onLine ? "zip" : "photo", item.file, item.name)
    request.send(form)
  })
}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000))
