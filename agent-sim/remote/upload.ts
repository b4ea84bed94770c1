import { Problem } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers, Undo } from '../../contract/system.ts'

/** Sends one chunk. @throws Error where no answer came. */
export type PutChunk = (number: number, bytes: Uint8Array) => Promise<{ status: number; text: string }>

export interface UploadOptions {
  readonly put: PutChunk
  readonly timers: Timers
  readonly random: () => number
  /** How long, in ms, the rest may take after `finish`. */
  readonly finishMs: number
  /** Once: the service refuses a chunk, or does not take them for so long that too much waits. Nothing more is sent. */
  readonly onFailed: (why: string) => void
}

/**
 * Uploads the chunks of one recording in their order, each until the service has it. More than
 * `limits.recordingWaitingBytes` that wait, or a refusal, end it.
 */
export class Upload {
  readonly #options: UploadOptions
  readonly #waiting: { number: number; bytes: Uint8Array }[] = []
  #waitingBytes = 0
  #sending = false
  #over = false
  #tries = 0
  #pause: Undo | undefined
  #finished: (() => void) | undefined

  constructor(options: UploadOptions) {
    this.#options = options
  }

  add(number: number, bytes: Uint8Array): void {
    if (this.#over) return
    this.#waiting.push({ number, bytes })
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes > limits.recordingWaitingBytes) this.#fail('the service has not taken it for too long')
    else this.#next()
  }

  /** Nothing more will be added. Resolves when all is with the service, or `finishMs` have passed. */
  finish(): Promise<void> {
    return new Promise((done) => {
      this.#finished = done
      const undo = this.#options.timers.after(this.#options.finishMs, () => {
        this.#end()
      })
      this.#finished = () => {
        undo()
        done()
      }
      this.#settle()
    })
  }

  #next(): void {
    const [first] = this.#waiting
    if (this.#sending || this.#over || this.#pause || !first) return
    this.#sending = true
    this.#options
      .put(first.number, first.bytes)
      .then(
        ({ status, text }) => {
          this.#answered(first, status, text)
        },
        () => {
          this.#again()
        },
      )
      .finally(() => {
        this.#sending = false
        this.#settle()
        this.#next()
      })
      .catch(() => undefined)
  }

  #answered(sent: { bytes: Uint8Array }, status: number, text: string): void {
    if (this.#over) return
    if (status >= 200 && status < 300) {
      this.#tries = 0
      this.#waiting.shift()
      this.#waitingBytes -= sent.bytes.length
    } else if (status === 429 || status >= 500) this.#again()
    else this.#fail(`the service answers ${status} ${codeIn(text)}`.trim())
  }

  #again(): void {
    if (this.#over) return
    const longest = Math.min(limits.retryMaxMs, limits.retryFirstMs * 2 ** Math.min(this.#tries, 30))
    this.#tries += 1
    this.#pause = this.#options.timers.after(longest * (0.5 + this.#options.random() / 2), () => {
      this.#pause = undefined
      this.#next()
    })
  }

  #fail(why: string): void {
    if (this.#over) return
    this.#end()
    this.#options.onFailed(why)
  }

  #end(): void {
    this.#over = true
    this.#pause?.()
    this.#waiting.length = 0
    this.#settle()
  }

  #settle(): void {
    if (this.#waiting.length === 0) this.#finished?.()
  }
}

function codeIn(text: string): string {
  try {
    return Problem.safeParse(JSON.parse(text)).data?.code ?? ''
  } catch {
    return ''
  }
}
