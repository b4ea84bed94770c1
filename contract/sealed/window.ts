/** How many confirmed records are kept in the list before it is made shorter. */
const slack = 1_024

/** Records that were sent and that the other end has not confirmed, as they went over the wire. Numbers begin at 1. */
export class Window {
  #records: Uint8Array[] = []
  /** Where in the list the first unconfirmed record is. */
  #first = 0
  #confirmed = 0
  /** The number up to which all is sent on the present connection. */
  #sent = 0
  #bytes = 0

  /** Bytes that are not confirmed. */
  get bytes(): number {
    return this.#bytes
  }

  /** The highest number there is. */
  get newest(): number {
    return this.#confirmed + this.#records.length - this.#first
  }

  get confirmed(): number {
    return this.#confirmed
  }

  add(record: Uint8Array): void {
    this.#records.push(record)
    this.#bytes += record.length
  }

  /** The other end has everything up to this number: they are forgotten. Older news changes nothing. */
  confirm(number: number): void {
    while (this.#confirmed < number && this.#first < this.#records.length) {
      this.#bytes -= this.#records[this.#first]?.length ?? 0
      this.#confirmed += 1
      this.#first += 1
    }
    this.#sent = Math.max(this.#sent, this.#confirmed)
    if (this.#first < slack && this.#first < this.#records.length) return
    this.#records = this.#records.slice(this.#first)
    this.#first = 0
  }

  /** A new connection: all that is not confirmed has to be sent again. */
  rewind(): void {
    this.#sent = this.#confirmed
  }

  /** The next record to send; undefined: all are sent. */
  next(): Uint8Array | undefined {
    const record = this.#records[this.#first + this.#sent - this.#confirmed]
    if (record) this.#sent += 1
    return record
  }

  get isSent(): boolean {
    return this.#sent === this.newest
  }
}
