// The camera of this device: a live picture, and a still of it as a JPEG.
export class Camera {
  constructor(video, canvas) {
    this.video = video
    this.canvas = canvas
    this.stream = null
  }

  // Resolves to nothing when the picture is live, else to the name of the text that says why not.
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) return "insecure"
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1440 } },
      })
      this.video.srcObject = this.stream
      await this.video.play()
      return undefined
    } catch (error) {
      this.stop()
      return error.name === "NotAllowedError" ? "refused" : "missing"
    }
  }

  // A telephone call or another program takes the camera away: its last picture stands still.
  get isLive() {
    return this.stream?.getVideoTracks()[0]?.readyState === "live"
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop())
    this.stream = null
    this.video.srcObject = null
    this.live()
  }

  // The still stands in the finder until the answer is there.
  async shoot() {
    if (!this.video.videoWidth) return null
    this.canvas.width = this.video.videoWidth
    this.canvas.height = this.video.videoHeight
    this.canvas.getContext("2d").drawImage(this.video, 0, 0)
    this.canvas.hidden = false
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.92))
    return new File([blob], "camera.jpg", { type: "image/jpeg" })
  }

  live() {
    this.canvas.hidden = true
  }
}
