import { limits } from '../../contract/limits.ts'
import type { Journal } from './journal.ts'
import { messageBudgetBytes } from './report.ts'

/** So many requests to send again, without an acknowledgement between them, mean that it leads nowhere. */
const mostResends = 20

/**
 * How far the journal has gone up on one connection after the other: in order, with no more than a window ahead of the acknowledgements.
 */
export class ReportWindow {
  readonly #journal: Journal
  readonly #now: () => number
  #sentUpTo = 0
  #ackedAt = 0
  #resends = 0

  constructor(journal: Journal, now: () => number) {
    this.#journal = journal
    this.#now = now
  }

  /** On a new connection, whose service has so many reports of this journal. */
  begin(acknowledged: number): void {
    this.#journal.acknowledge(acknowledged)
    this.#sentUpTo = acknowledged
    this.#resends = 0
    this.#ackedAt = this.#now()
  }

  /** Sends what the journal holds and the window allows. */
  send(say: (text: string) => void): void {
    for (;;) {
      const room = this.#journal.acknowledged + limits.agentWindowReports - this.#sentUpTo
      const reports = this.#journal.read(this.#sentUpTo, Math.min(room, limits.reportsPerMessage), messageBudgetBytes)
      const newest = reports.at(-1)
      if (!newest) return
      if (this.#sentUpTo === this.#journal.acknowledged) this.#ackedAt = this.#now()
      this.#sentUpTo = newest.number
      say(`{"type":"report","reports":[${reports.map(({ json }) => json).join(',')}]}`)
    }
  }

  acknowledge(upTo: number): void {
    this.#ackedAt = this.#now()
    if (upTo > this.#journal.acknowledged) this.#resends = 0
    this.#journal.acknowledge(Math.min(upTo, this.#sentUpTo))
  }

  /** The next `send` begins with this report. False: it was asked for too often, and is not sent again. */
  sendAgain(from: number): boolean {
    this.#resends += 1
    if (this.#resends > mostResends) return false
    this.#sentUpTo = Math.min(this.#sentUpTo, from - 1)
    return true
  }

  /** Whether the service acknowledges nothing of what it was sent. */
  get overdue(): boolean {
    return this.#sentUpTo > this.#journal.acknowledged && this.#now() - this.#ackedAt > limits.agentAckMs
  }
}
