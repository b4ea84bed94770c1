import { v7 } from 'uuid'
import { defaultSettings } from '../../../contract/entities.ts'
import { AssignmentId, NotifyRuleId, PersonId, type RoomId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { Notice, NotifyRuleDraft } from '../../../contract/notifications.ts'
import { settle } from '../../../contract/testing/wait.ts'
import { resolvedOf } from '../../access/resolved.ts'
import { inProcessBus } from '../../ground/bus.ts'
import type { Channel, Outcome, Parcel } from '../../notifications/channel.ts'
import { Deliveries } from '../../notifications/deliveries.ts'
import { NotificationFollower } from '../../notifications/follower.ts'
import { noticesOf } from '../../notifications/notices.ts'
import { IncidentRig } from '../incidents/rig.ts'

/** A way on which a test says what becomes of each try, and which remembers all that was sent. */
export class FakeChannel implements Channel {
  readonly sent: Parcel[] = []
  outcome: (parcel: Parcel) => Outcome | Promise<Outcome> = () => ({ ok: true, status: 200 })
  readonly #together: boolean

  constructor(together: boolean) {
    this.#together = together
  }

  parcels: Channel['parcels'] = (items) => (this.#together ? [[...items]] : items.map((item) => [item]))

  async send(parcel: Parcel): Promise<Outcome> {
    const outcome = await this.outcome(parcel)
    if (outcome.ok) this.sent.push(parcel)
    return outcome
  }

  /** What arrived, as "opened of 12". */
  get lines(): string[] {
    return this.sent.flatMap(({ items }) => items.map(({ row, incident }) => `${row.event} of ${incident.number}`))
  }
}

export const draft = (change: Partial<NotifyRuleDraft> = {}): NotifyRuleDraft => ({
  name: 'Rule',
  on: true,
  what: { events: ['opened', 'resolved'], severities: ['important', 'warning'], groups: [], mine: false },
  when: { timeZone: 'Europe/Paris' },
  language: 'en',
  to: { kind: 'me', console: true, desktop: false, email: false },
  ...change,
})

/** The engine, and what follows it, at a time that the test says. */
export class NotificationRig {
  readonly incidents: IncidentRig
  readonly email = new FakeChannel(true)
  readonly webhook = new FakeChannel(false)
  /** What went wrong inside. */
  readonly problems: unknown[] = []
  follower!: NotificationFollower
  deliveries!: Deliveries

  private constructor(incidents: IncidentRig) {
    this.incidents = incidents
  }

  static async open(now = Date.UTC(2026, 10, 25, 9)): Promise<NotificationRig> {
    const incidents = await IncidentRig.open(now, { ...defaultSettings, openHoldMs: 0, resolveHoldMs: 0, flapCount: 100 })
    const rig = new NotificationRig(incidents)
    rig.#make()
    return rig
  }

  /** What was in memory is gone. */
  async restart(): Promise<void> {
    await this.incidents.restart()
    this.#make()
  }

  #make(): void {
    const { store, system, tenant } = this.incidents
    const onProblem = (error: unknown): void => void this.problems.push(error)
    const access = { resolved: () => resolvedOf(store.read(tenant, 'wholeTenant')) }
    const shared = { store, clock: system.clock, access, waitMs: limits.notifyWaitMs, onProblem }
    this.deliveries = new Deliveries({ ...shared, channels: { email: this.email, webhook: this.webhook } })
    this.follower = new NotificationFollower({ ...shared, bus: inProcessBus(onProblem), onDeliveries: () => undefined })
  }

  /** Somebody who sees these rooms' incidents. `notify`: the assignment has e-mail on. */
  async person(name: string, scope: 'all' | RoomId[] = 'all', notify = false): Promise<PersonId> {
    const id = PersonId.parse(v7())
    await this.incidents.write(async (tx) => {
      await tx.savePeople([
        {
          ...{ tenant: tx.tenant, id, issuer: 'issuer', directory: 'directory', objectId: id, name, email: `${name}@contoso.example` },
          ...{ globalAdministrator: 0, groups: '[]', claimsAt: 0, scopeVersion: 1, scopeDigest: '', link: null, groupsAt: 0, seenAt: 0 },
          removedAt: null,
        },
      ])
      await tx.insert
        .assignment({
          ...{ id: AssignmentId.parse(v7()), name: `As ${name}`, role: 'siteTech' as never, link: null, description: '', builtIn: 0 },
          members: JSON.stringify([{ kind: 'person', id }]),
          scope: JSON.stringify(scope === 'all' ? scope : { rooms: scope, groups: [] }),
          notify: Number(notify),
        })
        .execute()
    })
    return id
  }

  async rule(owner: PersonId | null, change: Partial<NotifyRuleDraft> = {}): Promise<NotifyRuleId> {
    const id = NotifyRuleId.parse(v7())
    await this.incidents.write(async (tx) =>
      tx.insert.notifyRule({ id, owner, body: JSON.stringify(draft(change)), since: tx.at, changedAt: tx.at }).execute(),
    )
    return id
  }

  /** Follows, and sends what is due. */
  async tell(): Promise<void> {
    await this.follower.catchUp(this.incidents.tenant)
    await this.deliveries.settle()
    await settle()
  }

  /** Time goes on, and what is due by then happens and is told. */
  async pass(ms: number): Promise<void> {
    await this.incidents.pass(ms)
    await this.tell()
  }

  async notices(person: PersonId): Promise<Notice[]> {
    return noticesOf(this.incidents.store, this.incidents.tenant, person)
  }

  async rows() {
    return this.incidents.read().tables.delivery().selectAll().orderBy('id').execute()
  }
}
