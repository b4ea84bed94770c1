import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type BridgeRequest,
  BridgeResponse,
  type CallInput,
  type CallName,
  calls,
  type TopicInput,
  type TopicName,
  topics,
} from '../../contract/bridge.ts'
import { limits } from '../../contract/limits.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { type Core, createCore, createLog, type DataFolder, lockDataFolder } from '../core.ts'
import { idOf, makeIncident, makeRoom, personId, makeRuleDraft } from '../testing/documents.ts'
import { FakeSession, FakeVault, tempFolder } from '../testing/fakes.ts'
import { recordOf } from '../testing/remote.ts'
import { FakeService, problem } from '../testing/service.ts'
import { incident, list, notice, page, pastIncident, person, room, session, tenant, unknownKey } from './testing/named.ts'
import { askedPictures, movingPictures } from './testing/pictures.ts'
import { type TestPage, type TestTransport, transports } from './testing/transports.ts'

/**
 * One suite for both transports: every call and every topic of contract/bridge.ts, through the real core, and what must
 * happen with input that no screen of ours would send.
 */

/** Every call of the contract, with what it is asked and what must come of it, in this order. */
const asked: { [N in CallName]: { input: CallInput<N>; code?: string } } = {
  ...askedPictures,
  'rooms.list': { input: list },
  'rooms.pick': { input: { filter: {}, sort: 'name', descending: false, part: { what: 'all' } } },
  'rooms.totals': { input: { filter: {} } },
  'rooms.buildings': { input: {} },
  'rooms.history': { input: { room, ...page } },
  'rooms.older': { input: { room } },
  'incidents.past': { input: { incident: pastIncident } },
  'incidents.pastOfRoom': { input: { room } },
  'incidents.pastEntries': { input: { incident } },
  'rooms.timeline': { input: { room, hours: 24 } },
  'incidents.list': { input: { filter: { chip: 'needAction' }, group: 'none', ...page } },
  'incidents.pick': { input: { filter: { chip: 'needAction' }, group: 'building', part: { what: 'these', ids: [incident] } } },
  'incidents.counts': { input: {} },
  'incidents.entries': { input: { incident, ...page } },
  'search.jump': { input: { text: 'Room 2' } },
  'commands.submit': { input: { command: { type: 'incident.comment', incident, text: 'On my way' } } },
  'commands.submitAll': { input: { commands: [{ type: 'incident.acknowledge', incident }] } },
  'outbox.list': { input: {} },
  'outbox.discard': { input: { key: unknownKey }, code: 'outbox.notFound' },
  'outbox.retry': { input: { key: unknownKey }, code: 'outbox.notFound' },
  'enrolment.saveInstaller': { input: { tenant } },
  'enrolment.saveKey': { input: { tenant } },
  'enrolment.resetKey': { input: { tenant }, code: 'access.denied' },
  'people.list': { input: {} },
  'incidents.owners': { input: { incidents: [incident] } },
  'policy.roles': { input: {} },
  'policy.assignments': { input: { role: 'siteLead' as CallInput<'policy.assignments'>['role'] } },
  'policy.groups': { input: {} },
  'suppressions.list': { input: { state: 'live', limit: 10 } },
  'suppressions.hidden': { input: { suppression: idOf('suppression', 1) as never }, code: 'request.notFound' },
  'policy.previewGroup': { input: { rooms: [room], rule: null } },
  'policy.directory': { input: { text: 'Amélie' } },
  'policy.whoCan': { input: { permission: 'rooms.view', room } },
  'policy.whatCan': { input: { person } },
  'policy.partners': { input: {} },
  'policy.customers': { input: {} },
  'policy.preview': { input: { tenant, command: { type: 'role.delete', role: 'siteTech2' } as never } },
  'policy.apply': { input: { tenant, command: { type: 'role.delete', role: 'siteTech2' } as never } },
  'policy.saveFile': { input: { tenant } },
  'requests.list': { input: {} },
  'audit.list': { input: { tenant, text: 'Amélie' } },
  'audit.saveCsv': { input: { tenant, from: 0, to: 1 } },
  'audit.check': { input: { tenant } },
  'remote.start': { input: { tenant, room, mode: 'view' }, code: 'remote.occupied' },
  'remote.end': { input: { session }, code: 'remote.notFound' },
  'remote.forget': { input: { session }, code: 'remote.notFound' },
  'remote.restart': { input: { session }, code: 'remote.notFound' },
  'remote.restartAtEnd': { input: { session, on: false }, code: 'remote.notFound' },
  'remote.resize': { input: { session, terminal: 1, columns: 80, rows: 24 }, code: 'remote.notFound' },
  'remote.log': { input: { tenant } },
  'remote.saveLog': { input: { tenant, from: 0, to: 1 } },
  'remote.recording': { input: { tenant, session } },
  'remote.chunk': { input: { tenant, session, number: 1 } },
  'remote.searchRecording': { input: { tenant, session, text: 'ls' } },
  'session.enter': { input: { tenant: idOf('tenant', 9) as never }, code: 'session.tenantUnknown' },
  'notices.list': { input: {} },
  'notices.read': { input: { tenant, notices: [notice] } },
  'notices.show': { input: { notice, title: 'Hello', body: '' } },
  'notices.rules': { input: {} },
  'notices.endpoints': { input: {} },
  'notices.why': { input: { incident } },
  'notices.try': { input: { tenant, rule: makeRuleDraft() } },
  'sync.workOffline': { input: { on: false } },
  'sync.now': { input: {} },
  'preferences.set': { input: { theme: 'dark' } },
  'support.saveBundle': { input: {} },
  'session.setUp': {
    input: { tenant: 'Contoso', name: 'Amélie', email: 'amelie@contoso.example', password: 'long enough a password' },
    code: 'request.notFound',
  },
  'session.signOut': { input: { unsent: 'discard' } },
  'session.signIn': { input: { method: 'browser' } },
  'session.cancelSignIn': { input: {} },
}
const heard: { [N in TopicName]: TopicInput<N> } = {
  app: {},
  preferences: {},
  session: {},
  sync: {},
  clock: {},
  settings: {},
  outbox: {},
  changes: {},
  room: { room },
  incident: { incident },
  needAction: {},
  noticeOpened: {},
  'remote.sessions': {},
}
/** What the service answers to what has no documents. */
const nobody = { gain: { people: 0, rooms: 0 }, lose: { people: 0, rooms: 0 }, people: [], changes: [] }
const prepared: Record<string, unknown> = {
  people: { items: [] },
  incidents: { items: [], total: 0 },
  [`incidents/${pastIncident}`]: makeIncident(99_999, 1),
  [`incidents/${incident}/entries`]: { items: [], total: 0 },
  'people/owners': { items: [] },
  roles: { items: [] },
  assignments: { items: [] },
  groups: { items: [] },
  suppressions: { items: [] },
  'groups/preview': { total: 0, rooms: [] },
  directory: { items: [], more: false },
  explain: { permission: 'rooms.view', room: null, total: 0, people: [], directoryDown: false },
  [`explain/people/${personId}`]: {
    person: { id: personId, name: 'Amélie', email: '', link: null },
    permissions: [],
    rooms: [],
    roomsTotal: 0,
  },
  partners: { items: [] },
  'notifications/read': { read: 1 },
  'notifications/rules': { items: [], mail: false },
  'notifications/endpoints': { items: [] },
  [`incidents/${incident}/notifications`]: { items: [] },
  'notifications/try': { from: 1, told: 0, later: 0, looked: 0, lines: [] },
  customers: { items: [], mayManage: false, tenantManagers: [] },
  'commands/preview': nobody,
  policy: 'version: 1\n',
  audit: { items: [], next: null },
  'audit.csv': 'CreationTime\n',
  'sessions.csv': 'Session\n',
  [`recordings/${session}`]: { session, record: recordOf(session, 'idle'), startedAt: 1, durationMs: 5, complete: true, chunks: [] },
  'audit/check': { records: 0, from: null, head: null, broken: null },
}
const line = { type: 'terminal', at: 1, terminal: 1, columns: 80, rows: 24, text: '$ ls\n' }
const packed = new Map([
  [
    `/v1/recordings/${session}/chunks/1`,
    gzipSync(`${JSON.stringify({ session, number: 1, fromMs: 0, toMs: 1 })}\n${JSON.stringify(line)}`),
  ],
  [`/v1/recordings/${session}/terminal`, gzipSync(JSON.stringify(line))],
])
/** Answers that name a time, a key, a path or a moving state: alike in form only. */
const moving = new Set<string>([
  'commands.submit',
  'commands.submitAll',
  'outbox.list',
  'enrolment.saveInstaller',
  'enrolment.saveKey',
  'policy.saveFile',
  'audit.saveCsv',
  'remote.saveLog',
  'support.saveBundle',
  'rooms.timeline',
  ...movingPictures,
  'app',
  'sync',
  'changes',
  'outbox',
  'incidents.entries',
])

interface Setting {
  core: Core
  service: FakeService
  transport: TestTransport
}
let undo: (() => unknown)[] = []

async function open(make: (typeof transports)[number][1]): Promise<Setting> {
  const service = await FakeService.start()
  undo.push(() => service.stop())
  for (const [path, answer] of Object.entries(prepared)) service.answers.set(`/v1/${path}`, answer)
  service.onRequest = (request, response) => {
    const { method, url = '' } = request
    const bytes = packed.get(url)
    if (bytes !== undefined) response.end(bytes)
    else if (method === 'POST' && url === '/v1/sessions') problem(response, 'remote.occupied')
    else if (url.startsWith('/v1/sessions?')) response.setHeader('content-type', 'application/json').end('{"items":[],"next":null}')
    else return false
    return true
  }
  service.put('room', ...[1, 2, 3].map((n) => makeRoom(n)))
  service.put('incident', makeIncident(1, 1))
  const folder = tempFolder()
  undo.push(folder.remove)
  const lock: DataFolder = lockDataFolder(folder.path)
  undo.push(() => lock.release())
  const core = await createCore({
    folder: lock,
    service: service.url,
    session: new FakeSession(),
    vault: new FakeVault(),
    host: { kind: 'browser', version: '1.2.3', downloadFolder: join(folder.path, 'downloads') },
    system: realSystem,
    log: createLog('silent'),
  })
  undo.push(() => core.stop())
  const transport = await make(core.bridge)
  undo.push(() => transport.stop())
  return { core, service, transport }
}

/** Asks by hand, so that anything can be asked; keeps all that comes back. */
class Asker {
  readonly page: TestPage
  readonly got: BridgeResponse[] = []
  #last = 0
  constructor(from: TestPage) {
    this.page = from
    from.onMessage((message) => this.got.push(BridgeResponse.parse(message)))
  }
  send(type: 'call' | 'listen', name: string, input: unknown): number {
    this.#last += 1
    this.page.send({ type, id: this.#last, name, input })
    return this.#last
  }
  answers(id: number): BridgeResponse[] {
    return this.got.filter((answer) => answer.id === id)
  }
  async first(id: number): Promise<BridgeResponse> {
    return until(`an answer to ${id}`, () => this.answers(id)[0])
  }
  async ask(type: 'call' | 'listen', name: string, input: unknown): Promise<BridgeResponse> {
    return this.first(this.send(type, name, input))
  }
}

async function live(asker: Asker): Promise<void> {
  const id = asker.send('listen', 'sync', {})
  await until('live', () =>
    asker.answers(id).some((answer) => answer.type === 'value' && topics.sync.output.parse(answer.value).state === 'live'),
  )
  asker.page.send({ type: 'end', id } satisfies BridgeRequest)
}

beforeEach(() => {
  undo = []
})
afterEach(async () => {
  for (const back of undo.toReversed()) await back()
})

/** What each transport answered, for comparing them at the end. */
const transcripts = new Map<string, Record<string, unknown>>()

describe.each(transports)('the bridge of %s', (transportName, make) => {
  it('[rule 4] answers every call and gives every topic as the contract has it', async () => {
    const { transport } = await open(make)
    const asker = new Asker(await transport.page())
    await live(asker)
    const transcript: Record<string, unknown> = {}
    for (const [name, input] of Object.entries(heard)) {
      const answer = await asker.ask('listen', name, input)
      expect(answer.type, name).toBe('value')
      if (answer.type !== 'value') continue
      const parsed = topics[name as TopicName].output.safeParse(answer.value)
      expect(parsed.error, name).toBeUndefined()
      transcript[name] = moving.has(name) ? 'value' : answer.value
    }
    for (const [name, { input, code }] of Object.entries(asked)) {
      const answer = await asker.ask('call', name, input)
      if (answer.type === 'value') {
        expect(code, name).toBeUndefined()
        expect(calls[name as CallName].output.safeParse(answer.value).error, name).toBeUndefined()
        transcript[name] = moving.has(name) ? 'value' : answer.value
      } else if (answer.type === 'problem') {
        expect(answer.problem.code, `${name}: ${answer.problem.detail ?? ''}`).toBe(code)
        transcript[name] = answer.problem
      }
    }
    transcripts.set(transportName, transcript)
  })

  it('[rule 8] refuses input that does not fit, and names the field', async () => {
    const { transport } = await open(make)
    const asker = new Asker(await transport.page())
    const wrong: [type: 'call' | 'listen', name: string, input: unknown, field: string | undefined][] = [
      ['call', 'rooms.list', { ...list, limit: limits.bridgePageRows + 1 }, 'limit'],
      ['call', 'rooms.list', { ...list, sort: 'colour' }, 'sort'],
      ['call', 'rooms.history', { room: '../../etc/passwd', ...page }, 'room'],
      ['call', 'incidents.list', { filter: {}, group: 'none', ...page }, 'filter.chip'],
      ['call', 'commands.submit', { command: { type: 'incident.comment', incident, text: '' } }, 'command.text'],
      ['call', 'preferences.set', { language: 'de' }, 'language'],
      ['call', 'outbox.list', { surprise: 1 }, undefined],
      ['call', 'rooms.totals', null, undefined],
      ['listen', 'room', {}, 'room'],
    ]
    for (const [type, name, input, field] of wrong) {
      const answer = await asker.ask(type, name, input)
      expect(answer, name).toMatchObject({ type: 'problem', problem: { code: 'bridge.invalid' } })
      if (answer.type === 'problem') expect(answer.problem.field, name).toBe(field)
    }
  })

  it('refuses names that it does not know, and survives what is no request at all', async () => {
    const { transport } = await open(make)
    const asker = new Asker(await transport.page())
    for (const name of ['rooms.drop', 'constructor', '__proto__', 'session', '']) {
      expect(await asker.ask('call', name, {}), name).toMatchObject({ type: 'problem', problem: { code: 'bridge.invalid', field: 'name' } })
    }
    for (const message of [
      null,
      0,
      'text',
      [],
      {},
      { type: 'call' },
      { type: 'call', id: -1, name: 'outbox.list', input: {} },
      { type: 'end', id: 77 },
    ])
      asker.page.send(message)
    const before = asker.got.length
    expect(await asker.ask('call', 'outbox.list', {})).toMatchObject({ type: 'value' })
    expect(asker.got).toHaveLength(before + 1)
  })

  it('stops a topic when told to, and answers no call that was ended', async () => {
    const { transport, service } = await open(make)
    const asker = new Asker(await transport.page())
    await live(asker)
    const ended = asker.send('listen', 'changes', {})
    const going = asker.send('listen', 'changes', {})
    await Promise.all([asker.first(ended), asker.first(going)])
    asker.page.send({ type: 'end', id: ended })
    await asker.ask('call', 'outbox.list', {})
    const seen = asker.answers(ended).length
    const seenGoing = asker.answers(going).length
    service.put('room', makeRoom(2, { name: 'Renamed' }))
    await until('the change', () => asker.answers(going).length > seenGoing)
    expect(asker.answers(ended)).toHaveLength(seen)

    service.onRequest = (request) => request.url === '/v1/enrolment/key'
    const slow = asker.send('call', 'enrolment.saveKey', { tenant })
    asker.page.send({ type: 'end', id: slow })
    await asker.ask('call', 'outbox.list', {})
    expect(asker.answers(slow)).toEqual([])
  })

  it('serves several windows, each by itself', async () => {
    const { transport } = await open(make)
    const [one, two] = [new Asker(await transport.page()), new Asker(await transport.page())]
    await Promise.all([live(one), live(two)])
    const [heardByOne, heardByTwo] = [one.send('listen', 'preferences', {}), two.send('listen', 'preferences', {})]
    await Promise.all([one.first(heardByOne), two.first(heardByTwo)])
    await one.ask('call', 'preferences.set', { theme: 'light' })
    await until('both know', () => one.answers(heardByOne).length === 2 && two.answers(heardByTwo).length === 2)
    await one.page.close()
    expect(await two.ask('call', 'preferences.set', { theme: 'dark' })).toMatchObject({ value: { theme: 'dark' } })
    await until('the other knows', () => two.answers(heardByTwo).length === 3)
    expect(one.answers(heardByOne)).toHaveLength(2)
  })

  it('bounds what one window may have open, and stays of use to others', async () => {
    const { transport } = await open(make)
    const flood = new Asker(await transport.page())
    const other = new Asker(await transport.page())
    const ids = Array.from({ length: limits.bridgeOpen + 50 }, () => flood.send('listen', 'outbox', {}))
    await until('every answer', () => ids.every((id) => flood.answers(id).length > 0))
    const refused = ids.filter((id) => flood.answers(id)[0]?.type === 'problem')
    expect(refused).toEqual(ids.slice(limits.bridgeOpen))
    expect(await other.ask('call', 'outbox.list', {})).toMatchObject({ type: 'value' })
    flood.page.send({ type: 'end', id: ids[0] })
    expect(await flood.ask('listen', 'outbox', {})).toMatchObject({ type: 'value' })
  })
})

describe('[rule 5] both transports', () => {
  it('answer alike', () => {
    const [first, second] = transports.map(([name]) => transcripts.get(name))
    expect(Object.keys(first ?? {})).toHaveLength(Object.keys(calls).length + Object.keys(topics).length)
    expect(second).toEqual(first)
  })
})
