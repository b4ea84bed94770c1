/**
 * RFB's plain clipboard. It is Latin-1, a character a byte; some servers read and write UTF-8 there (wayvnc), and say so nowhere. What
 * they have copied shows it: a text beyond ASCII whose bytes happen to be UTF-8 is written by nobody.
 */
export class PlainClipboard {
  #isUtf8 = false

  /** What somebody copied at the other end, of its bytes as characters. */
  read(bytes: string): string {
    if (!/[\u0080-\u00ff]/u.test(bytes) || /[^\u0000-\u00ff]/u.test(bytes)) return bytes
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes, (one) => one.charCodeAt(0)))
      this.#isUtf8 = true
      return text
    } catch {
      this.#isUtf8 = false
      return bytes
    }
  }

  /** A text for the other end, as characters that are its bytes. What cannot go, noVNC makes question marks of. */
  write(text: string): string {
    return this.#isUtf8 ? Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('') : text
  }

  /** The characters of a text that cannot go, each once. */
  unsendable(text: string): string[] {
    if (this.#isUtf8) return []
    const found = [...characters.segment(text)].map(({ segment }) => segment).filter((one) => /[^\u0000-\u00ff]/u.test(one))
    return [...new Set(found)]
  }
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
