/** An answer that never ends, in pieces of 64 KiB: who reads it whole runs out of memory. `seen.bytes`: how much was asked for. */
export function endlessAnswer(status = 200): { answer: Response; seen: { bytes: number; left: boolean } } {
  const seen = { bytes: 0, left: false }
  const piece = new Uint8Array(64 * 1024).fill(32)
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      // Somebody who reads on for ever fails here instead.
      if (seen.bytes > 64 * 1024 * 1024) throw new Error('It was read without end.')
      seen.bytes += piece.byteLength
      controller.enqueue(piece)
    },
    cancel() {
      seen.left = true
    },
  })
  return { answer: new Response(body, { status }), seen }
}
