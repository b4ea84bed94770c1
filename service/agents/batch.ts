import type { DeviceId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { kept } from '../../contract/retention.ts'
import { auditDevice } from '../enrolment/deviceAudit.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import type { RoomWork } from '../incidents/apply.ts'
import type { Rooms } from '../incidents/rooms.ts'
import type { IntakeItem, SessionOutcome } from './intakeItems.ts'
import type { AgentSession, DeviceIdentity, Progress } from './session.ts'

interface DeviceWork {
  readonly session: AgentSession
  readonly identity: DeviceIdentity
  readonly progress: Progress
  readonly rejected: SessionOutcome['rejected']
  arrived: boolean
  touched: boolean
}

type RejectedRow = Parameters<TenantTransaction['insert']['rejectedReport']>[0]

/** Device rows read in one statement. */
const devicesPerStatement = 2_000

/** One tenant's part of one commit: what its devices sent, in order. */
export class Batch {
  readonly #tx: TenantTransaction
  readonly #work: RoomWork
  readonly #isPresent: (room: RoomId) => boolean
  /** By device: a device that came back in the middle of a batch goes on where its old socket ended. */
  readonly #devices = new Map<DeviceId, DeviceWork>()
  readonly #rejected: RejectedRow[] = []
  #stored = new Map<DeviceId, Progress>()

  constructor(tx: TenantTransaction, rooms: Rooms, isPresent: (room: RoomId) => boolean) {
    this.#tx = tx
    this.#work = rooms.within(tx)
    this.#isPresent = isPresent
  }

  /** Does it all inside the transaction. What it returns is true once that is committed, and only then. */
  async run(items: readonly IntakeItem[]): Promise<SessionOutcome[]> {
    const rooms = new Set<RoomId>()
    const arriving: DeviceId[] = []
    for (const item of items) {
      if (!('session' in item)) rooms.add(item.room)
      else if (item.session.identity) rooms.add(item.session.identity.room)
      if (item.kind === 'arrival' && item.session.identity) arriving.push(item.session.identity.device)
    }
    await this.#work.load(rooms)
    if (arriving.length > 0) await this.#readProgress(arriving)
    for (const item of items) this.#take(item)
    await this.#save()
    return [...this.#devices.values()].map(({ session, progress, rejected, arrived }) => {
      return { session, progress, rejected, arrived }
    })
  }

  #take(item: IntakeItem): void {
    switch (item.kind) {
      case 'arrival':
        this.#arrive(item)
        break
      case 'report':
        this.#report(item)
        break
      case 'rejected':
        this.#reject(item)
        break
      case 'contact':
        if (item.session.identity) this.#contact(item.session.identity.room)
        break
      case 'twins':
        this.#twins(item)
        break
      case 'silence':
        if (!this.#isPresent(item.room) && this.#work.has(item.room)) {
          this.#work.take(item.room, { type: 'disconnected', lastContactAt: item.lastContactAt })
        }
    }
  }

  #arrive({ session, journal, clockOffsetMs, clockAheadMs, restarted }: Extract<IntakeItem, { kind: 'arrival' }>): void {
    const { identity } = session
    if (!identity) return
    const known = this.#devices.get(identity.device)?.progress ?? this.#stored.get(identity.device)
    // A new journal begins at 0; time goes on.
    const acknowledged = known?.journal === journal ? known.acknowledged : 0
    const progress = { journal, acknowledged, clockOffsetMs, lastObservedAt: known?.lastObservedAt ?? 0 }
    this.#devices.set(identity.device, { session, identity, progress, rejected: [], arrived: true, touched: true })
    if (restarted && this.#work.has(identity.room)) this.#work.note(identity.room, { kind: 'restarted', at: this.#tx.at })
    if (this.#work.has(identity.room)) this.#work.clock(identity.room, clockAheadMs)
    this.#contact(identity.room)
  }

  /** A room has it in its history, an incident, and one record of each beginning and end with how often it was (decision 0026). */
  #twins({ room, device, over, detail, times }: Extract<IntakeItem, { kind: 'twins' }>): void {
    if (!this.#work.has(room)) return
    this.#work.take(room, { type: 'machines', several: !over, ...(over ? {} : { detail }) })
    if (!over) this.#work.note(room, { kind: 'copied', at: this.#tx.at, detail })
    const { name } = this.#work.room(room).base
    auditDevice(
      this.#tx,
      { action: 'device.copied', machines: detail, ...(times === undefined ? {} : { times }), over },
      { device, room, name },
    )
  }

  #report({ session, first, number, receivedAt, report, rejected = [], limited }: Extract<IntakeItem, { kind: 'report' }>): void {
    const device = this.#next(session, first, number)
    if (!device) return
    device.rejected.push(...rejected)
    const { progress, identity } = device
    const corrected = Math.max(progress.lastObservedAt, report.observedAt + progress.clockOffsetMs)
    const observedAt = Math.max(0, Math.min(receivedAt, corrected))
    progress.lastObservedAt = observedAt
    if (!this.#work.has(identity.room)) return
    if (limited) this.#work.note(identity.room, { kind: 'limited', at: receivedAt })
    this.#work.take(identity.room, { type: 'report', observedAt, full: report.full, signals: report.signals })
    if (report.facts) this.#work.facts(identity.room, report.facts, report.full)
  }

  #reject({ session, number, receivedAt, code, body }: Extract<IntakeItem, { kind: 'rejected' }>): void {
    const device = this.#next(session, number, number)
    if (!device) return
    device.rejected.push({ number, code })
    const { identity, progress } = device
    this.#rejected.push({
      device: identity.device,
      journal: progress.journal,
      number,
      code,
      receivedAt,
      body: body.slice(0, limits.rejectedReportChars),
    })
    this.#contact(identity.room)
  }

  /** The device's work when the first number is its next; else the report is one of a batch that failed, and comes again. */
  #next(session: AgentSession, first: number, number: number): DeviceWork | undefined {
    const { identity, progress } = session
    if (!identity || !progress) return undefined
    let device = this.#devices.get(identity.device)
    if (!device) {
      device = { session, identity, progress: { ...progress }, rejected: [], arrived: false, touched: false }
      this.#devices.set(identity.device, device)
    }
    if (device.session !== session || device.progress.acknowledged !== first - 1) return undefined
    device.progress.acknowledged = number
    device.touched = true
    return device
  }

  #contact(room: RoomId): void {
    if (this.#work.has(room)) this.#work.take(room, { type: 'contact' })
  }

  async #readProgress(devices: readonly DeviceId[]): Promise<void> {
    for (let i = 0; i < devices.length; i += devicesPerStatement) {
      const rows = await this.#tx.tables
        .deviceProgress()
        .select(['device', 'journal', 'acknowledged', 'clockOffsetMs', 'lastObservedAt'])
        .where('device', 'in', devices.slice(i, i + devicesPerStatement))
        .execute()
      for (const { device, ...progress } of rows) this.#stored.set(device, progress)
    }
  }

  async #save(): Promise<void> {
    const lastContactAt = this.#tx.at
    const rows = []
    for (const { touched, identity, progress } of this.#devices.values()) {
      if (touched) rows.push({ device: identity.device, ...progress, lastContactAt })
    }
    await this.#tx.saveProgress(rows)
    if (this.#rejected.length > 0) await this.#saveRejected()
    await this.#work.flush()
  }

  /** Keeps the newest of each device. */
  async #saveRejected(): Promise<void> {
    const rows = this.#rejected
    for (let i = 0; i < rows.length; i += 500) {
      await this.#tx.insert
        .rejectedReport(...rows.slice(i, i + 500))
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    for (const device of new Set(rows.map((row) => row.device))) {
      const oldest = await this.#tx.tables
        .rejectedReport()
        .select('receivedAt')
        .where('device', '=', device)
        .orderBy('receivedAt', 'desc')
        .offset(kept.rejectedReports)
        .limit(1)
        .executeTakeFirst()
      if (oldest) await this.#tx.delete.rejectedReport().where('device', '=', device).where('receivedAt', '<=', oldest.receivedAt).execute()
    }
  }
}
