import { once } from 'node:events'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { AnswerTooLarge, readBytes, readJson, readText } from './answer.ts'

/** Pieces without end; tells how many were asked for, and whether the reader went away. */
function endless(pieceBytes: number) {
  const seen = { pieces: 0, left: false }
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        seen.pieces += 1
        yield new Uint8Array(pieceBytes).fill(97)
      }
    } finally {
      seen.left = true
    }
  }
  return { seen, body: pieces() }
}

async function* of(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

describe('[rule 9] an answer of another process', () => {
  it('is read up to its limit and not one piece further', async () => {
    const { seen, body } = endless(10)
    await expect(readBytes(body, 35)).rejects.toThrow(AnswerTooLarge)
    expect(seen).toEqual({ pieces: 4, left: true })
  })

  it('of exactly the limit is taken whole, in whatever pieces it comes', async () => {
    const text = 'à bientôt'
    const bytes = new TextEncoder().encode(text)
    expect(await readText(of(...Array.from(bytes, (byte) => Uint8Array.of(byte))), bytes.byteLength)).toBe(text)
    await expect(readText(of(bytes), bytes.byteLength - 1)).rejects.toThrow(AnswerTooLarge)
    expect(await readText(null, 0)).toBe('')
    expect(await readJson(of(new TextEncoder().encode('{"a":1}')), 7)).toEqual({ a: 1 })
  })

  it('is counted as it is unpacked, so that a small one on the wire is not a large one in memory', async () => {
    const server = createServer((_, answer) => {
      answer.setHeader('content-encoding', 'gzip')
      answer.end(gzipSync(Buffer.alloc(4 * 1024 * 1024, 'a')))
    }).listen(0, '127.0.0.1')
    try {
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      const answer = await fetch(`http://127.0.0.1:${port}/`)
      await expect(readBytes(answer.body, 64 * 1024)).rejects.toThrow(AnswerTooLarge)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
})
