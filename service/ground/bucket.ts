/** Tokens that come back one by one; more may be spent than are there, and then it takes longer. Times in ms, handed in. */
export class Bucket {
  readonly #capacity: number
  readonly #everyMs: number
  #tokens: number
  #at: number

  /** `everyMs`: one token comes back in this time. */
  constructor(capacity: number, everyMs: number, at: number) {
    this.#capacity = capacity
    this.#everyMs = everyMs
    this.#tokens = capacity
    this.#at = at
  }

  /** What there is at this moment; one from before the newest that something was spent at counts as that. */
  left(at: number): number {
    return Math.min(this.#capacity, this.#tokens + Math.max(0, at - this.#at) / this.#everyMs)
  }

  spend(tokens: number, at: number): void {
    this.#tokens = this.left(at) - tokens
    this.#at = Math.max(this.#at, at)
  }

  isFull(at: number): boolean {
    return this.left(at) >= this.#capacity
  }
}
