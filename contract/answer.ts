/** More came than the reader takes. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'

  constructor(atMostBytes: number) {
    super(`The answer is larger than ${atMostBytes} bytes.`)
  }
}

type Body = AsyncIterable<Uint8Array> | null

/**
 * What comes, up to so many bytes; not one piece more is read, and leaving ends the connection (rule 9). `arrived` is told of each
 * piece. This is the one way to read what another process answers; unpacked bytes count.
 * @throws AnswerTooLarge; and what the body itself fails with
 */
export async function readBytes(body: Body, atMostBytes: number, arrived?: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body ?? []) {
    arrived?.()
    length += piece.byteLength
    if (length > atMostBytes) throw new AnswerTooLarge(atMostBytes)
    pieces.push(piece)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}

/** The same as text (UTF-8). @throws AnswerTooLarge; and what the body itself fails with */
export const readText = async (body: Body, atMostBytes: number): Promise<string> =>
  new TextDecoder().decode(await readBytes(body, atMostBytes))

/** The same as JSON, of any form yet. @throws AnswerTooLarge, SyntaxError; and what the body itself fails with */
export const readJson = async (body: Body, atMostBytes: number): Promise<unknown> => JSON.parse(await readText(body, atMostBytes))
