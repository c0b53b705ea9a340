// The camera of this device: a live picture, a still of it as a JPEG, the torch, and a screen that stays on meanwhile.
export class Camera {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video
    /** @type {MediaStream | null} */
    this.stream = null
    /** @type {any} */
    this.lock = null
    document.addEventListener("visibilitychange", () => this.stream && this.#wake()) // a hidden page loses the lock
  }

  /** Resolves to "" when the picture is live, else to the name of the text that says why not. @param {string} [device] */
  async start(device) {
    if (!navigator.mediaDevices?.getUserMedia) return "insecure"
    this.stop()
    try {
      const which = device ? { deviceId: { exact: device } } : { facingMode: { ideal: "environment" } }
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { ...which, width: { ideal: 1920 }, height: { ideal: 1440 } },
      })
      this.video.srcObject = this.stream
      await this.video.play()
      this.#wake()
      return ""
    } catch (error) {
      this.stop()
      return /** @type {Error} */ (error).name === "NotAllowedError" ? "refused" : "missing"
    }
  }

  /** A telephone call or another program takes the camera away: its last picture stands still. */
  get isLive() {
    return this.stream?.getVideoTracks()[0]?.readyState === "live"
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop())
    this.stream = null
    this.video.srcObject = null
    this.lock?.release().catch(() => {})
    this.lock = null
  }

  /** @returns {Promise<File | null>} */
  async shoot() {
    if (!this.video.videoWidth) return null
    const canvas = document.createElement("canvas")
    canvas.width = this.video.videoWidth
    canvas.height = this.video.videoHeight
    canvas.getContext("2d")?.drawImage(this.video, 0, 0)
    const blob = await new Promise((/** @type {BlobCallback} */ done) => canvas.toBlob(done, "image/jpeg", 0.92))
    return blob && new File([blob], "camera.jpg", { type: "image/jpeg" })
  }

  get hasTorch() {
    const able = /** @type {any} */ (this.stream?.getVideoTracks()[0]?.getCapabilities?.() ?? {})
    return Boolean(able.torch)
  }

  /** @param {boolean} on */
  async torch(on) {
    await this.stream?.getVideoTracks()[0]?.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] })).catch(() => {})
  }

  /** The cameras there are; named only once one was allowed. */
  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? []
    return all.filter((each) => each.kind === "videoinput" && each.deviceId)
  }

  async #wake() {
    if (document.visibilityState === "visible") this.lock = await navigator.wakeLock?.request("screen").catch(() => null)
  }
}
