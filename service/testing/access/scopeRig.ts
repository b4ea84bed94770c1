import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach } from 'vitest'
import type { Command } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { AssignmentId, CommandKey, DeviceId, GroupId, LinkId, RoleId, RoomId } from '../../../contract/ids.ts'
import type { Permission } from '../../../contract/permissions.ts'
import type { AssignmentScope, GroupRule, Link } from '../../../contract/policy.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { saveAssignment } from '../../access/assignments.ts'
import { linkRow } from '../../access/links.ts'
import { savePerson } from '../../access/people.ts'
import { changePolicy } from '../../access/policies.ts'
import { callerWithin } from '../../access/service.ts'
import { embeddedIssuerName } from '../../directory/accounts.ts'
import { EmbeddedDirectory } from '../../directory/embedded.ts'
import { Refusals } from '../../ground/audit/refusals.ts'
import type { Caller } from '../../ground/caller.ts'
import { submit } from '../../ground/commands/submit.ts'
import { makeMetrics } from '../../ground/ops/metrics.ts'
import { system } from '../../ground/store/transaction.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { commandDeps } from '../commands/deps.ts'
import { ada, bela, cyd, finn, makeOrganisations, type Organisations } from '../directory/organisations.ts'

/** Both are in the group, as each test begins. */
export const [inside, outside] = [RoomId.parse(v7()), RoomId.parse(v7())]
export const group = GroupId.parse(v7())
export const link = LinkId.parse(v7())
export const admins = AssignmentId.parse(v7())

export const person = ({ id }: { id: string }) => ({ kind: 'person' as const, id })
export const over = (...some: RoomId[]): AssignmentScope => ({ rooms: some, groups: [] })
export const grouped = (named: RoomId[], rule: GroupRule | null = null, name = 'G'): Command => ({
  type: 'group.save',
  group,
  name,
  description: '',
  rooms: named,
  rule,
})
export const saved = (assignment: AssignmentId, role: string, scope: AssignmentScope, name: string = assignment, member = bela) =>
  ({
    type: 'assignment.save',
    assignment,
    role: RoleId.parse(role),
    name,
    description: '',
    notify: false,
    members: [person(member)],
    scope,
  }) satisfies Command
export const role = (id: RoleId, permissions: Permission[], name = 'Technician') =>
  ({ type: 'role.save', role: id, name, description: '', permissions }) satisfies Command
export const named = (value: string): GroupRule => ({ match: 'all', conditions: [{ field: 'name', is: 'equal', value }] })
export const ofLink = (scope: AssignmentScope) => saved(admins, 'primaryAdmin', scope, 'Assigned admins', finn)
export const denied = ['access.denied', {}]

/** For tests of a file: Contoso with two rooms in a group, and people who hold some permissions over some rooms. */
export class ScopeRig {
  /** Called as a write begins: what it sends waits behind that one. */
  atWrite: (() => void) | undefined
  readonly #rooms = new Rooms()
  #made: Organisations | undefined
  #refusals: Refusals | undefined
  #boss: Caller | undefined

  constructor() {
    beforeEach(async () => {
      this.atWrite = undefined
      this.#made = await makeOrganisations(() => {
        this.atWrite?.()
        return Date.now()
      })
      this.#refusals = new Refusals({ store: this.made.store, ...realSystem, log: pino({ level: 'silent' }) })
      await this.room('Inside', inside)
      await this.room('Outside', outside)
      this.#boss = await this.callerOf(cyd)
      await this.give(this.boss, grouped([inside, outside]))
    })
    afterEach(async () => {
      await this.#refusals?.stop()
      await this.#made?.close()
    })
  }

  get made(): Organisations {
    if (!this.#made) throw new Error('There are no organisations yet.')
    return this.#made
  }

  /** The Pro Manager. */
  get boss(): Caller {
    if (!this.#boss) throw new Error('nobody')
    return this.#boss
  }

  readonly room = async (name: string, id = RoomId.parse(v7())): Promise<RoomId> => {
    const text = { platform: '', os: '', manufacturer: '', model: '', serial: '', agentVersion: '', appVersion: '', address: '' }
    await this.made.store.write(this.made.contoso, system, async (tx) => {
      const work = this.#rooms.within(tx)
      const place = { country: '', city: '', building: '', floor: '', timeZone: 'UTC' }
      await work.create({
        ...{ id, name, place, onboardedAt: 0, inCall: false },
        device: { id: DeviceId.parse(v7()), profile: 'generic', keyProtection: 'software', ...text },
      })
      await work.flush()
    })
    return id
  }

  /** Somebody in Contoso: one of its own people, or of a partner's. */
  readonly callerOf = async (
    { id: objectId, name, email }: typeof ada,
    home = this.made.contoso,
    directory = 'contoso',
  ): Promise<Caller> => {
    const { id } = await this.made.store.write(home, system, (tx) =>
      savePerson(tx, {
        ...{ issuer: embeddedIssuerName, directory, objectId, name, email },
        ...{ globalAdministrator: false, groups: [], issuedAt: 1_000 },
      }),
    )
    const caller = await this.made.store.write(this.made.contoso, system, (tx) => callerWithin(tx, id))
    if (!caller) throw new Error('nobody')
    return caller
  }

  readonly send = (caller: Caller, command: Command, key = CommandKey.parse(v7())) => {
    const refusals = this.#refusals
    if (!refusals) throw new Error('There are no organisations yet.')
    const { store } = this.made
    const directory = new EmbeddedDirectory(store)
    const deps = commandDeps({ store, rooms: this.#rooms, metrics: makeMetrics(), directory, refusals, ...realSystem })
    return submit(deps, caller, { key, issuedAt: Date.now(), command })
  }

  readonly give = async (caller: Caller, command: Command): Promise<void> => void (await this.send(caller, command))

  /** The code, with what it says beside it. */
  readonly said = (caller: Caller, command: Command): Promise<unknown> =>
    this.send(caller, command).then(
      () => 'applied',
      (error: unknown) => (error instanceof RoomkeeperError ? [error.code, error.details] : error),
    )

  /** Ada, who holds these and no others. */
  readonly holding = async (permissions: Permission[], scope: AssignmentScope): Promise<Caller> => {
    await this.made.store.write(this.made.contoso, system, async (tx) => {
      const id = RoleId.parse(v7())
      await tx.insert.role({ id, link: null, name: id, description: '', permissions: JSON.stringify(permissions) }).execute()
      await saveAssignment(tx, { id: AssignmentId.parse(v7()), name: id, role: id, members: [person(ada)], scope })
    })
    return this.callerOf(ada)
  }

  /** Fabrikam is linked, or invited, over this. */
  readonly linked = async (scope: AssignmentScope, status: Link['status'] = 'active'): Promise<void> => {
    await this.made.store.write(this.made.contoso, system, (tx) =>
      changePolicy(tx, 'system', async () => {
        const changeControl = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const
        const terms = { changeControl, scope, remoteAccess: false, multiFactor: false }
        const { tenant: _, ...row } = linkRow({
          id: link,
          tenant: tx.tenant,
          domain: 'fabrikam.example',
          status,
          partner: status === 'active' ? this.made.fabrikam : null,
          partnerName: 'Fabrikam',
          invitedAt: 0,
          expiresAt: Date.now() + 1_000_000,
          acceptedAt: null,
          ...terms,
        })
        await tx.insert.link(row).execute()
        if (status !== 'active') return
        await tx.insert
          .assignment({
            id: admins,
            link,
            role: RoleId.parse('primaryAdmin'),
            name: 'Assigned admins',
            description: '',
            notify: 0,
            builtIn: 1,
            members: JSON.stringify([person(finn)]),
            scope: JSON.stringify(scope),
          })
          .execute()
      }),
    )
  }
}
