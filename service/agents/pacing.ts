import type { z } from 'zod'
import type { NumberedReport } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { DeviceBudget } from './budget.ts'
import type { AgentDeps } from './deps.ts'
import { changesOf, hold } from './held.ts'
import type { IntakeItem } from './intakeItems.ts'
import { readReport } from './messages.ts'
import type { AgentSession } from './session.ts'

/**
 * Keeps each device to its budget, at a cost that does not depend on how many there are. One that sends too much is not read
 * from for a while, and its own network holds the rest back. One whose room changes too often is *limited*: its reports are
 * taken together, the newest state wins, and they are committed and acknowledged once in `limits.holdChangesMs`. Nothing is
 * acknowledged that is not committed, so what is held when a connection ends comes again.
 */
export class Pacing {
  readonly #deps: Pick<AgentDeps, 'rooms' | 'metrics' | 'log'>
  readonly #add: (item: IntakeItem) => void
  /** Of devices that are connected, or were and have spent something. */
  readonly #budgets = new Map<DeviceId, DeviceBudget>()

  constructor(deps: Pick<AgentDeps, 'rooms' | 'metrics' | 'log'>, add: (item: IntakeItem) => void) {
    this.#deps = deps
    this.#add = add
  }

  /** A device has proved itself. @throws RoomkeeperError rate.limited where it comes too often. */
  admit(session: AgentSession, device: DeviceId, at: number): void {
    const budget = this.#budgets.get(device) ?? new DeviceBudget(at)
    this.#budgets.set(device, budget)
    if (!budget.connect(at)) throw new RoomkeeperError('rate.limited', { detail: 'This device connects too often.' })
    session.budget = budget
  }

  /** One message of so many bytes has come. */
  heard(session: AgentSession, bytes: number, at: number): void {
    const { budget, identity } = session
    if (!budget || budget.message(bytes, at) || session.paused) return
    session.pause('paused')
    this.#deps.metrics.limited.inc({ why: 'reports' })
    if (!session.slowed)
      this.#deps.log.warn(
        { device: identity?.device, room: identity?.room },
        'a device sends more than it may; it is read from more slowly',
      )
    session.slowed = true
  }

  /** Takes one report that is the next of its session. */
  take(session: AgentSession, numbered: z.infer<typeof NumberedReport>, receivedAt: number): void {
    const { number } = numbered
    const read = readReport(numbered)
    session.budget?.report(receivedAt)
    if (session.held || !this.#affords(session, read, receivedAt)) {
      this.#deps.metrics.reports.inc({ outcome: 'coalesced' })
      session.held =
        'report' in read
          ? hold(session.held, number, receivedAt, read.report)
          : hold(session.held, number, receivedAt, undefined, read.code)
      if (receivedAt - session.held.since >= limits.holdChangesMs) this.release(session)
    } else if ('report' in read) this.#add({ kind: 'report', session, first: number, number, receivedAt, report: read.report })
    else this.#add({ kind: 'rejected', session, number, receivedAt, code: read.code, body: JSON.stringify(numbered) })
  }

  /** Lets go what is held of a session. */
  release(session: AgentSession): void {
    const { held } = session
    if (!held) return
    session.held = undefined
    const { first, number, receivedAt, report, rejected } = held
    this.#add({ kind: 'report', session, first, number, receivedAt, report, rejected, limited: session.budget?.noted() })
  }

  /** The shared look at all: who may go on, what was held long enough, and who has calmed down. */
  sweep(sessions: Iterable<AgentSession>, at: number, isConnected: (device: DeviceId) => boolean): void {
    for (const session of sessions) {
      if (session.held && at - session.held.since >= limits.holdChangesMs) this.release(session)
      if (!session.paused || !session.budget?.mayGoOn(at)) continue
      session.resume('paused')
    }
    for (const [device, budget] of this.#budgets) {
      if (budget.limited && budget.isCalm(at)) {
        budget.limited = false
        this.#deps.metrics.devicesLimited.dec()
        this.#deps.log.info({ device }, 'a device is not limited any more')
      }
      if (!isConnected(device) && budget.isUntouched(at)) this.#budgets.delete(device)
    }
  }

  #affords(session: AgentSession, read: ReturnType<typeof readReport>, receivedAt: number): boolean {
    const { budget, identity, progress } = session
    if (!budget || !identity || !progress) return true
    const seenAt = 'report' in read ? Math.min(receivedAt, read.report.observedAt + progress.clockOffsetMs) : receivedAt
    const changes = 'report' in read ? changesOf(read.report, this.#deps.rooms.cached(identity.room), seenAt) : 1
    if (budget.change(changes, seenAt, progress.lastObservedAt || receivedAt, receivedAt)) return true
    if (!budget.limited) {
      budget.limited = true
      this.#deps.metrics.devicesLimited.inc()
      this.#deps.metrics.limited.inc({ why: 'changes' })
      this.#deps.log.warn(
        { device: identity.device, room: identity.room },
        'the room of a device changes more often than it may; its reports are taken together',
      )
    }
    return false
  }
}
