import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach } from 'vitest'
import type { Command, CommandRequest, PolicyCommand } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { type AssignmentId, CommandKey, type LinkId, RoleId, type TenantId } from '../../../contract/ids.ts'
import type { AssignmentScope, Member } from '../../../contract/policy.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { knowPeople, savePerson } from '../../access/people.ts'
import { callerWithin } from '../../access/service.ts'
import { embeddedIssuerName } from '../../directory/accounts.ts'
import type { DirectoryReader } from '../../directory/directory.ts'
import { EmbeddedDirectory } from '../../directory/embedded.ts'
import { Refusals } from '../../ground/audit/refusals.ts'
import type { Caller } from '../../ground/caller.ts'
import { submit } from '../../ground/commands/submit.ts'
import { makeMetrics } from '../../ground/ops/metrics.ts'
import { system } from '../../ground/store/transaction.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { commandDeps } from '../commands/deps.ts'
import { type ada, makeOrganisations, type Organisations } from '../directory/organisations.ts'

export const person = ({ id }: { id: string }): Member => ({ kind: 'person', id })
export const group = (id: string): Member => ({ kind: 'group', id })
export const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'applied',
    (error: unknown) => (error instanceof RoomkeeperError ? error.code : String(error)),
  )
export const save = (assignment: AssignmentId, name: string, role: string, members: Member[], scope: AssignmentScope = 'all') =>
  ({
    type: 'assignment.save',
    assignment,
    role: RoleId.parse(role),
    name,
    description: '',
    notify: false,
    members,
    scope,
  }) satisfies PolicyCommand

/**
 * For tests of a file: a directory that changes without the service being told, so that what the service knows is stale
 * until it asks. Each test has organisations of its own.
 */
export class DirectoryRig {
  /** The service's clock (UTC ms). */
  now = 0
  /** Whether the directory is away. */
  down = false
  #made: Organisations | undefined
  #refusals: Refusals | undefined
  #directory: DirectoryReader | undefined

  constructor() {
    beforeEach(async () => {
      this.now = 1_800_000_000_000
      this.down = false
      const made = await makeOrganisations(() => this.now)
      this.#made = made
      this.#refusals = new Refusals({ store: made.store, ...systemAt(() => this.now), log: pino({ level: 'silent' }) })
      const embedded = new EmbeddedDirectory(made.store)
      const answered = <T>(work: () => Promise<T>): Promise<T> =>
        this.down ? Promise.reject(new RoomkeeperError('directory.unavailable')) : work()
      this.#directory = Object.assign(new EmbeddedDirectory(made.store), {
        principals: (tenant: string, ids: readonly string[]) => answered(() => embedded.principals(tenant, ids)),
        membersOf: (tenant: string, group: string) => answered(() => embedded.membersOf(tenant, group)),
      })
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

  readonly deps = () => {
    const [directory, refusals] = [this.#directory, this.#refusals]
    if (!directory || !refusals) throw new Error('There is no directory yet.')
    return commandDeps({
      store: this.made.store,
      rooms: new Rooms(),
      metrics: makeMetrics(),
      directory,
      refusals,
      ...systemAt(() => this.now),
    })
  }

  readonly read = (tenant = this.made.contoso) => this.made.store.read(tenant, 'wholeTenant')

  /** Somebody as a caller, as their token says it. */
  readonly callerOf = async ({ id: objectId, name, email }: typeof ada, tenant: TenantId, where: string, at = tenant): Promise<Caller> => {
    const id = await this.made.store.write(
      tenant,
      system,
      async (tx) =>
        (
          await savePerson(tx, {
            issuer: embeddedIssuerName,
            directory: where,
            objectId,
            name,
            email,
            globalAdministrator: false,
            groups: [],
            issuedAt: 1_000,
          })
        ).id,
    )
    const caller = await this.made.store.write(at, system, (tx) => callerWithin(tx, id))
    if (!caller) throw new Error(`${name} has nothing there.`)
    return caller
  }

  readonly give = (command: Command, caller: Caller, changes: Partial<CommandRequest> = {}) =>
    submit(this.deps(), caller, { key: CommandKey.parse(v7()), issuedAt: this.now, command, ...changes })

  readonly setMembers = (id: string, members: Member[]) =>
    this.made.store.writeService((db) =>
      db
        .updateTable('directoryGroup')
        .set({ members: JSON.stringify(members) })
        .where('id', '=', id)
        .execute(),
    )

  readonly membersOf = async (id: AssignmentId): Promise<Member[]> => {
    const { members } = await this.read().tables.assignment().select('members').where('id', '=', id).executeTakeFirstOrThrow()
    return JSON.parse(members) as Member[]
  }

  readonly proManagers = async (): Promise<AssignmentId> =>
    (await this.read().tables.assignment().select('id').where('role', '=', RoleId.parse('proManager')).executeTakeFirstOrThrow()).id

  /** As a reading of the directory long ago left them. */
  readonly known = (
    tenant: TenantId,
    where: string,
    { id: objectId, name, email }: typeof ada,
    groups: string[],
    link: LinkId | null = null,
  ) =>
    this.made.store.write(tenant, system, (tx) =>
      knowPeople(tx, [{ issuer: embeddedIssuerName, directory: where, objectId, name, email, link, groups: { ids: groups, at: tx.at } }]),
    )
}
