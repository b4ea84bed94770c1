import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallInput, CallName } from '../../contract/bridge.ts'
import { CommandRequest, PolicyCommand, QueuedCommand } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { IncidentId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { tenantHeader } from '../../contract/policyApi.ts'
import { until } from '../../contract/testing/wait.ts'
import { idOf, makeIncident, makeMe, makeRequest, makeRoom, personId, tenantId } from '../testing/documents.ts'
import { Rig } from '../testing/rig.ts'
import type { FakeTenant } from '../testing/tenant.ts'

/** The administrative calls of a whole core, on a service that answers what a test says. */

let rig: Rig
/** What was asked, as it came: method and path, customer, body. */
let asked: { line: string; tenant: string | undefined; body: unknown }[]
/** Answers by path without its query. */
let answers: Record<string, unknown>
/** What answers wait for. */
let held: Promise<void>
/** How many of the next answers are lost on the way. */
let lost = 0

const customer = TenantId.parse(idOf('tenant', 2))
const effect = { gain: { people: 0, rooms: 0 }, lose: { people: 3, rooms: 41 }, people: [], changes: [] }

beforeEach(async () => {
  rig = await Rig.make()
  asked = []
  answers = {}
  lost = 0
  held = Promise.resolve()
  rig.service.onRequest = (request, response) => {
    const { pathname } = new URL(request.url ?? '/', rig.service.url)
    if (pathname === '/v1/snapshot' || pathname.startsWith('/.well-known')) return false
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', async () => {
      const tenant = request.headers[tenantHeader]
      asked.push({
        line: `${request.method} ${request.url}`,
        tenant: typeof tenant === 'string' ? tenant : undefined,
        body: body === '' ? undefined : JSON.parse(body),
      })
      await held
      const answer = answers[pathname]
      if (lost > 0) {
        lost--
        request.socket.destroy()
      } else if (answer instanceof RoomkeeperError) {
        response.statusCode = answer.status
        response.setHeader('content-type', 'application/problem+json')
        response.end(JSON.stringify(answer.toProblem()))
      } else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
    })
    return true
  }
  await rig.start()
  await rig.live()
})
afterEach(() => rig.remove())

const call = <N extends CallName>(name: N, input: CallInput<N>) => rig.bridge.call(name, input)
const problemOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'an answer',
    (error: unknown) => error,
  )
const remove = PolicyCommand.parse({ type: 'role.delete', role: 'lead' })

/** Makes the person one of a partner's, with one customer, and enters it. */
async function enterCustomer(): Promise<FakeTenant> {
  const tenant = rig.service.customer(customer, 'Fabrikam')
  rig.service.put('me', { ...makeMe(), customers: [{ tenant: customer, link: idOf('link', 1), name: 'Fabrikam' }] } as never)
  await until('the customer is there', async () => {
    const session = await rig.now('session')
    return session.state === 'signedIn' && session.tenants.length === 2
  })
  await call('session.enter', { tenant: customer })
  return tenant
}

describe('what is asked', () => {
  const room = makeRoom(1)
  const table: readonly [CallName, unknown, string, unknown][] = [
    ['people.list', {}, 'GET /v1/people', { items: [] }],
    ['policy.roles', {}, 'GET /v1/roles', { items: [] }],
    ['policy.assignments', {}, 'GET /v1/assignments', { items: [] }],
    ['policy.assignments', { role: 'a&b' }, 'GET /v1/assignments?role=a%26b', { items: [] }],
    ['policy.groups', {}, 'GET /v1/groups', { items: [] }],
    ['suppressions.list', { state: 'ended', limit: 100 }, 'GET /v1/suppressions?state=ended', { items: [] }],
    ['suppressions.hidden', { suppression: room.id }, `GET /v1/suppressions/${room.id}/hidden`, { items: [], total: 0 }],
    ['policy.previewGroup', { rooms: [room.id], rule: null }, 'POST /v1/groups/preview', { total: 1, rooms: [] }],
    ['policy.directory', { text: 'Léa M', kind: 'person' }, 'GET /v1/directory?text=L%C3%A9a+M&kind=person', { items: [], more: false }],
    [
      'policy.whoCan',
      { permission: 'rooms.view', room: room.id },
      `GET /v1/explain?permission=rooms.view&room=${room.id}`,
      { permission: 'rooms.view', room: room.id, total: 0, people: [], directoryDown: false },
    ],
    [
      'policy.whatCan',
      { person: personId },
      `GET /v1/explain/people/${personId}`,
      { person: { id: personId, name: 'A', email: 'a@b', link: null }, permissions: [], rooms: [], roomsTotal: 0 },
    ],
    ['policy.partners', {}, 'GET /v1/partners', { items: [] }],
    ['policy.customers', {}, 'GET /v1/customers', { items: [], mayManage: true, tenantManagers: [] }],
    ['policy.preview', { tenant: tenantId, command: remove }, 'POST /v1/commands/preview', effect],
    ['audit.list', { tenant: tenantId, from: 5, text: 'room' }, 'GET /v1/audit?from=5&text=room', { items: [], next: null }],
    ['audit.check', { tenant: tenantId }, 'GET /v1/audit/check', { records: 0, from: null, head: null, broken: null }],
  ]
  it('goes to the service, and comes back by its schema or as the problem that it is', async () => {
    for (const [name, input, line, answer] of table) {
      const [, path = ''] = /^\w+ ([^?]+)/.exec(line) ?? []
      asked = []
      answers[path] = answer
      expect(await call(name, input as never), line).toEqual(answer)
      expect(asked.map((each) => each.line.replace(/&limit=100$/, ''))).toEqual([line])
      answers[path] = { surprise: true }
      expect(await problemOf(call(name, input as never)), line).toMatchObject({ code: 'service.failed' })
      answers[path] = new RoomkeeperError('policy.escalation', { field: 'scope', params: { room: 'Lab' } })
      expect(await problemOf(call(name, input as never)), line).toMatchObject({
        code: 'policy.escalation',
        details: { field: 'scope', params: { room: 'Lab' } },
      })
    }
  })

  it('goes nowhere where the operator works offline', async () => {
    await call('sync.workOffline', { on: true })
    for (const [name, input] of table) expect(await problemOf(call(name, input as never)), name).toMatchObject({ code: 'network.offline' })
    expect(asked).toEqual([])
  })

  it("is about the customer that is entered, but for what is one's own affair", async () => {
    await enterCustomer()
    Object.assign(answers, { '/v1/roles': { items: [] }, '/v1/customers': { items: [], mayManage: true, tenantManagers: [] } })
    await call('policy.roles', {})
    await call('policy.customers', {})
    await call('session.enter', { tenant: 'all' })
    await call('policy.roles', {})
    expect(asked.map(({ tenant }) => tenant)).toEqual([customer, undefined, undefined])
  })

  it('goes to the tenant that it names, whichever is entered, and to none where that one is not open', async () => {
    await enterCustomer()
    Object.assign(answers, {
      '/v1/commands/preview': effect,
      '/v1/commands': { outcome: 'applied', at: 7 },
      '/v1/audit': { items: [], next: null },
      '/v1/audit/check': { records: 0, from: null, head: null, broken: null },
      '/v1/audit.csv': 'x',
      '/v1/policy': 'x',
      '/v1/enrolment/key/reset': {},
    })
    const all = async (tenant: string): Promise<unknown[]> => [
      await problemOf(call('policy.preview', { tenant, command: remove })),
      await problemOf(call('policy.apply', { tenant, command: remove })),
      await problemOf(call('policy.saveFile', { tenant })),
      await problemOf(call('audit.list', { tenant })),
      await problemOf(call('audit.check', { tenant })),
      await problemOf(call('audit.saveCsv', { tenant, from: 0, to: 1 })),
    ]
    for (const entered of [customer, tenantId, 'all'] as const) {
      await call('session.enter', { tenant: entered })
      for (const [tenant, header] of [
        [customer, customer],
        [tenantId, undefined],
      ] as const) {
        asked = []
        expect(await all(tenant)).toEqual(Array.from({ length: 6 }, () => 'an answer'))
        expect(asked.map((each) => each.tenant)).toEqual(Array.from({ length: 6 }, () => header))
      }
    }
    asked = []
    for (const problem of await all(TenantId.parse(idOf('tenant', 9)))) expect(problem).toMatchObject({ code: 'session.tenantUnknown' })
    expect(asked).toEqual([])
  })

  it('changes the settings of the tenant that it names, and of none where that is missing', async () => {
    const fabrikam = await enterCustomer()
    fabrikam.put('me', { ...makeMe(['settings.view', 'settings.modify']), tenant: customer } as never)
    answers['/v1/commands'] = { outcome: 'applied', at: 7 }
    const command = QueuedCommand.parse({ type: 'settings.change', changes: { flapCount: 7 } })
    expect(await problemOf(call('commands.submit', { command }))).toMatchObject({ code: 'bridge.invalid', details: { field: 'tenant' } })
    expect(await problemOf(call('commands.submit', { command, tenant: TenantId.parse(idOf('tenant', 9)) }))).toMatchObject({
      code: 'session.tenantUnknown',
    })
    expect((await call('outbox.list', {})).rows).toEqual([])
    await until('the permission', async () => {
      const session = await rig.now('session')
      return session.state === 'signedIn' && session.me?.access.grants.some(({ permissions }) => permissions.includes('settings.modify'))
    })
    await call('session.enter', { tenant: tenantId })
    await call('commands.submit', { command, tenant: customer })
    await until('it was sent', () => asked.length > 0)
    expect(asked.map(({ line, tenant }) => [line, tenant])).toEqual([['POST /v1/commands', customer]])
  })
})

describe('[INC-5] whom incidents can be given to', () => {
  const incidents = [IncidentId.parse(idOf('incident', 1))]
  const person = (n: number, name: string) => ({ id: idOf('person', n), name, email: '' })

  it('is asked about their rooms, wherever they are', async () => {
    answers['/v1/people/owners'] = { items: [person(2, 'Béla')] }
    expect(await call('incidents.owners', { incidents })).toEqual({ items: [person(2, 'Béla')], knownAt: null })
    expect(asked).toEqual([{ line: 'POST /v1/people/owners', tenant: undefined, body: { rooms: [idOf('room', 1)] } }])
    const fabrikam = await enterCustomer()
    fabrikam.put('room', makeRoom(7))
    fabrikam.put('incident', makeIncident(7, 7))
    const both = [...incidents, IncidentId.parse(idOf('incident', 7))]
    await until('the incident of the customer', async () => (await call('incidents.counts', {})).needAction === 1)
    asked = []
    await call('incidents.owners', { incidents: both })
    expect(asked.map(({ tenant, body }) => [tenant, body])).toEqual(
      expect.arrayContaining([
        [undefined, { rooms: [idOf('room', 1)] }],
        [customer, { rooms: [idOf('room', 7)] }],
      ]),
    )
  })

  it('[CON-3] is known offline as far as the service has said it, and since when', async () => {
    await call('sync.workOffline', { on: true })
    expect(await problemOf(call('incidents.owners', { incidents }))).toMatchObject({ code: 'network.offline' })
    await call('sync.workOffline', { on: false })
    answers['/v1/people/owners'] = { items: [person(3, 'Zoé'), person(2, 'Béla')] }
    await until('the list', async () => (await problemOf(call('incidents.owners', { incidents }))) === 'an answer')
    await call('sync.workOffline', { on: true })
    const { items, knownAt } = await call('incidents.owners', { incidents })
    expect([items.map(({ name }) => name), knownAt]).toEqual([['Béla', 'Zoé'], expect.any(Number)])
  })
})

describe('a command', () => {
  it('is applied at once, under a key of its own', async () => {
    answers['/v1/commands'] = { outcome: 'applied', at: 7 }
    expect(await call('policy.apply', { tenant: tenantId, command: remove })).toEqual({ outcome: 'applied', at: 7 })
    await call('policy.apply', { tenant: tenantId, command: remove })
    const bodies = asked.map(({ body }) => CommandRequest.parse(body))
    expect(bodies.map(({ command }) => command)).toEqual([remove, remove])
    expect(bodies[0]?.key).not.toBe(bodies[1]?.key)
    expect((await call('outbox.list', {})).rows).toEqual([])
  })

  it('whose answer is lost is asked for again under the same key, once', async () => {
    answers['/v1/commands'] = { outcome: 'applied', at: 7 }
    lost = 1
    expect(await call('policy.apply', { tenant: tenantId, command: remove })).toEqual({ outcome: 'applied', at: 7 })
    const bodies = asked.map(({ body }) => CommandRequest.parse(body))
    expect(bodies.length).toBe(2)
    expect(bodies[0]).toEqual(bodies[1])
    lost = 2
    expect(await problemOf(call('policy.apply', { tenant: tenantId, command: remove }))).toMatchObject({ code: 'network.offline' })
    expect(asked.length).toBe(4)
  })

  it('that is refused says why', async () => {
    answers['/v1/commands'] = new RoomkeeperError('assignment.lastProManager')
    expect(await problemOf(call('policy.apply', { tenant: tenantId, command: remove }))).toMatchObject({
      code: 'assignment.lastProManager',
    })
    expect(asked.length).toBe(1)
  })
})

describe('files', () => {
  const downloads = (): string => join(rig.folder.path, 'downloads')

  it('are saved under a name that says what is in them', async () => {
    answers['/v1/policy'] = 'roles: []\n'
    answers['/v1/audit.csv'] = 'Timestamp\r\n'
    const policy = await call('policy.saveFile', { tenant: tenantId })
    expect(readFileSync(policy.path, 'utf8')).toBe('roles: []\n')
    expect(policy.path).toMatch(/roomkeeper-policy-Contoso-\d{4}-\d\d-\d\d\.yaml$/)
    const audit = await call('audit.saveCsv', { tenant: tenantId, from: Date.UTC(2026, 0, 2), to: Date.UTC(2026, 1, 4) })
    expect(audit).toEqual({ path: join(downloads(), 'roomkeeper-audit-2026-01-02-2026-02-03.csv'), bytes: 11 })
    expect(asked.at(-1)?.line).toBe(`GET /v1/audit.csv?from=${Date.UTC(2026, 0, 2)}&to=${Date.UTC(2026, 1, 4)}`)
  })

  it('of a large tenant are saved as they are, and come back', async () => {
    const yaml = `# ${'é'.repeat(limits.policyFileChars - 100)}\nroles: []\n`
    answers['/v1/policy'] = yaml
    answers['/v1/commands'] = { outcome: 'applied', at: 7 }
    const { path } = await call('policy.saveFile', { tenant: tenantId })
    const command = PolicyCommand.parse({ type: 'policy.import', yaml: readFileSync(path, 'utf8') })
    // In a message of the window, and in the request.
    expect(Buffer.byteLength(JSON.stringify({ command }))).toBeLessThan(limits.bridgeMessageBytes)
    expect(await call('policy.apply', { tenant: tenantId, command })).toEqual({ outcome: 'applied', at: 7 })
    const sent = CommandRequest.parse(asked.at(-1)?.body)
    expect(sent.command.type === 'policy.import' && sent.command.yaml === yaml).toBe(true)
  })

  it('are named after the tenant they were asked from, whichever is entered when they come', async () => {
    await enterCustomer()
    let release = (): void => undefined
    held = new Promise((go) => (release = go))
    answers['/v1/policy'] = 'roles: []\n'
    asked = []
    const file = call('policy.saveFile', { tenant: customer })
    await until('the question', () => asked.length === 1)
    await call('session.enter', { tenant: tenantId })
    release()
    expect((await file).path).toMatch(/roomkeeper-policy-Fabrikam-/)
  })

  it('of an odd name or range go nowhere else', async () => {
    mkdirSync(downloads(), { recursive: true })
    rig.service.put('tenant', { id: tenantId, name: '../../etc/Acme: "x"' } as never)
    await until('the name', async () => {
      const session = await rig.now('session')
      return session.state === 'signedIn' && session.tenant?.includes('Acme')
    })
    answers['/v1/policy'] = 'x'
    answers['/v1/audit.csv'] = 'x'
    await call('policy.saveFile', { tenant: tenantId })
    await call('audit.saveCsv', { tenant: tenantId, from: 0, to: Number.MAX_SAFE_INTEGER })
    expect(readdirSync(downloads()).length).toBe(2)
  })
})

describe('requests', () => {
  it('come from the copy, the waiting first, then the newest, and are decided where they were made', async () => {
    const keys = [1, 2, 3, 4].map((n) => idOf('key', n))
    const how = [
      { status: 'approved', at: 40 },
      { status: 'waiting', at: 10 },
      { status: 'rejected', at: 30 },
      { status: 'waiting', at: 20 },
    ]
    rig.service.put('request', ...keys.map((key, n) => makeRequest(key, how[n])))
    const list = () => call('requests.list', {}).then(({ rows }) => rows)
    await until('the requests', async () => (await list()).length === 4)
    await call('sync.workOffline', { on: true })
    expect((await list()).map(({ id }) => id)).toEqual([keys[3], keys[1], keys[0], keys[2]])
    expect((await list())[0]?.tenant).toEqual({ id: tenantId, name: 'Contoso' })
  })

  it('end the row of the outbox that they came from', async () => {
    answers['/v1/commands'] = { outcome: 'requested', request: idOf('key', 9), expiresAt: 1 }
    const { key } = await rig.submit('may I?')
    const row = async () => (await call('outbox.list', {})).rows[0]
    await until('requested', async () => (await row())?.state === 'requested')
    // Marked as asked for, and not shown as done.
    expect(await rig.texts()).toEqual([])
    const { rows } = await call('incidents.list', { filter: { chip: 'needAction' }, group: 'none', offset: 0, limit: 10 })
    expect(rows[0]).toMatchObject({ pending: [], asked: ['incident.comment'] })
    expect(rows[0]).not.toHaveProperty('lastComment')
    await rig.stop()
    await rig.start()
    await rig.live()
    expect(await row()).toMatchObject({ key, state: 'requested' })
    rig.service.put('request', makeRequest(key, { status: 'rejected', note: 'not today' }))
    await until('refused', async () => (await row())?.state === 'refused')
    expect(await row()).toMatchObject({ refusal: { code: 'request.rejected', detail: 'not today' }, command: { text: 'may I?' } })
    expect(asked.filter(({ line }) => line === 'POST /v1/commands').length).toBe(1)
  })
})
