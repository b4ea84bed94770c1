import { constants, createDeflate } from 'node:zlib'

/** One zlib stream over the whole life of a connection: each piece can be unpacked as soon as it has come. */
export class Deflater {
  readonly #zlib
  #pieces: Buffer[] = []
  #before: Promise<unknown> = Promise.resolve()
  #closed = false

  /** `level`: 0 to 9. */
  constructor(level: number) {
    this.#zlib = createDeflate({ level, chunkSize: 64 * 1024 })
    this.#zlib.on('data', (piece: Buffer) => {
      this.#pieces.push(piece)
    })
    // Closed while it packs: nobody waits for it any more.
    this.#zlib.on('error', () => undefined)
  }

  /** Packs one piece, off the main thread, after those before it. Never resolves once closed. */
  pack(bytes: Uint8Array): Promise<Uint8Array> {
    const packed = this.#before.then(() => this.#pack(bytes))
    this.#before = packed
    return packed
  }

  close(): void {
    this.#closed = true
    this.#zlib.close()
  }

  #pack(bytes: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      if (this.#closed) return
      this.#zlib.write(bytes)
      this.#zlib.flush(constants.Z_SYNC_FLUSH, () => {
        // Reading gives what is still held to the listener.
        while (this.#zlib.read() !== null);
        const pieces = this.#pieces
        this.#pieces = []
        resolve(Buffer.concat(pieces))
      })
    })
  }
}
