import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import type { PolicyCommand, QueuedCommand } from '../../../contract/commands.ts'
import { defaultSettings } from '../../../contract/entities.ts'
import { LinkId, type RoomId, type TenantId } from '../../../contract/ids.ts'
import { tenantHeader } from '../../../contract/policyApi.ts'
import { systemAt, realSystem } from '../../../contract/testing/system.ts'
import { makeTenant } from '../../access/setup.ts'
import { Directory, embeddedIssuerName } from '../../directory/accounts.ts'
import type { DirectoryEdit } from '../../directory/edits.ts'
import { digestOfKey } from '../../enrolment/keys.ts'
import { inProcessBus } from '../../ground/bus.ts'
import { type ConfigInput, filesOf, readConfig } from '../../ground/config.ts'
import { Runtime } from '../../ground/ops/runtime.ts'
import { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import { schema } from '../../schema.ts'
import { type RunningService, startService } from '../../server.ts'
import { TestDevice } from '../agents/device.ts'

/**
 * For tests: a running service with two customers (Contoso, Adatum), a partner (Fabrikam) and a stranger (Northwind).
 * Each has a Pro Manager `boss@` and people without a role: `one@` and `two@`. Fabrikam's group "Operators" has `two@`.
 */

const organisations = ['contoso', 'adatum', 'fabrikam', 'northwind'] as const
export type Organisation = (typeof organisations)[number]
const people = ['boss', 'one', 'two'] as const
type Address = `${(typeof people)[number]}@${Organisation}.example`

export const operators = 'group-operators'
export const objectIdOf = (email: Address): string => `object-${email}`
export const admin = (email: Address) => ({ kind: 'person' as const, id: objectIdOf(email) })

export interface Answered {
  readonly status: number
  readonly body: unknown
  /** Of a problem. */
  readonly code: unknown
}

export class World {
  readonly tenants: ReadonlyMap<Organisation, TenantId>
  readonly #service: RunningService
  readonly #folder: string
  readonly #secret: string
  readonly #aheadBy: (ms: number) => void

  private constructor(
    service: RunningService,
    folder: string,
    tenants: ReadonlyMap<Organisation, TenantId>,
    aheadBy: (ms: number) => void,
  ) {
    this.#service = service
    this.#folder = folder
    this.tenants = tenants
    this.#aheadBy = aheadBy
    this.#secret = Runtime.parse(JSON.parse(readFileSync(filesOf(folder).runtime, 'utf8'))).adminSecret
  }

  static async start(timing: ConfigInput['timing'] = {}): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-partners-'))
    let ahead = 0
    const now = (): number => Date.now() + ahead
    const tenants = await makeOrganisations(folder, now)
    const service = await startService(
      readConfig({ data: folder, port: 0, logLevel: 'silent', timing: { feedBeatMs: 100, ...timing } }),
      systemAt(now),
    )
    return new World(service, folder, tenants, (ms) => void (ahead += ms))
  }

  get url(): string {
    return this.#service.url
  }

  tenant(organisation: Organisation): TenantId {
    const tenant = this.tenants.get(organisation)
    if (!tenant) throw new Error(`There is no ${organisation}.`)
    return tenant
  }

  /** Lets so much time pass for the service. */
  pass(ms: number): void {
    this.#aheadBy(ms)
  }

  async token(email: Address): Promise<string> {
    const answer = await this.#fetch('/v1/local/token', `Admin ${this.#secret}`, {}, { email })
    if (typeof answer.body === 'object' && answer.body !== null && 'token' in answer.body && typeof answer.body.token === 'string')
      return answer.body.token
    throw new Error(`No token for ${email}: ${JSON.stringify(answer.body)}`)
  }

  /** One request of someone, in the name of a customer where one is given. */
  async ask(email: Address, path: string, body?: unknown, customer?: Organisation): Promise<Answered> {
    return this.askBy(await this.token(email), path, body, customer)
  }

  /** The same with a token that was had before. */
  async askBy(token: string, path: string, body?: unknown, customer?: Organisation): Promise<Answered> {
    return this.#fetch(path, `Bearer ${token}`, customer ? { [tenantHeader]: this.tenant(customer) } : {}, body)
  }

  /** One command of someone; `key` makes it a second delivery. */
  async command(
    email: Address,
    command: QueuedCommand | PolicyCommand | Record<string, unknown>,
    { customer, key = v7(), issuedAt = Date.now() }: { customer?: Organisation; key?: string; issuedAt?: number } = {},
  ): Promise<Answered> {
    return this.ask(email, '/v1/commands', { key, issuedAt, command }, customer)
  }

  /** One edit of the embedded directory. */
  async edit(edit: DirectoryEdit): Promise<void> {
    const answer = await this.#fetch('/v1/local/directory', `Admin ${this.#secret}`, {}, edit)
    if (answer.status !== 200) throw new Error(`The directory was not edited: ${JSON.stringify(answer.body)}`)
  }

  /** A room of a customer, in onboarding. */
  async room(organisation: Organisation): Promise<RoomId> {
    return (await TestDevice.enrol(this.url, {}, `key-of-${organisation}-0123456789`)).enrolment.room
  }

  async close(): Promise<void> {
    await this.#service.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #fetch(path: string, authorization: string, headers: Record<string, string>, body?: unknown): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    const answer: unknown = text && isJson ? JSON.parse(text) : text
    return {
      status: response.status,
      body: answer,
      code: typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : undefined,
    }
  }
}

/** Fills the data folder of a service that does not run. */
export async function makeOrganisations(folder: string, now: () => number): Promise<Map<Organisation, TenantId>> {
  const store = await Store.open({ schema, path: filesOf(folder).database, bus: inProcessBus(() => undefined), ...systemAt(now) })
  const tenants = new Map<Organisation, TenantId>()
  try {
    await new Directory(store, realSystem.random).replaceAll({
      tenants: organisations.map((name) => ({ id: `directory-${name}`, name, domains: [`${name}.example`, `${name}.test`] })),
      accounts: organisations.flatMap((name) =>
        people.map((person) => {
          const email: Address = `${person}@${name}.example`
          return {
            id: objectIdOf(email),
            directory: `directory-${name}`,
            kind: 'person' as const,
            email,
            name: email,
            globalAdministrator: false,
          }
        }),
      ),
      groups: [{ id: operators, directory: 'directory-fabrikam', name: 'Operators', members: [admin('two@fabrikam.example')] }],
    })
    for (const name of organisations) {
      const settings = { ...defaultSettings, allowSoftwareKeys: true }
      const tenant = await makeTenant(store, {
        name,
        issuer: embeddedIssuerName,
        directory: `directory-${name}`,
        settings,
        proManager: objectIdOf(`boss@${name}.example`),
      })
      const key = `key-of-${name}-0123456789`
      await store.write(tenant, system, async (tx) => {
        await tx.insert.enrolmentKey({ digest: digestOfKey(key), key, madeAt: tx.at }).execute()
      })
      tenants.set(name, tenant)
    }
  } finally {
    await store.close()
  }
  return tenants
}

export const automatic = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const

/** An invitation of Fabrikam over these rooms. */
export const invitation = (rooms: readonly RoomId[], changes: Record<string, unknown> = {}) => ({
  type: 'partner.invite',
  link: LinkId.parse(v7()),
  domain: 'fabrikam.example',
  days: 7,
  changeControl: automatic,
  scope: { rooms, groups: [] },
  remoteAccess: false,
  multiFactor: false,
  agreed: true,
  ...changes,
})
