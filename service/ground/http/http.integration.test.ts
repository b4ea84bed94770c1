import { join } from 'node:path'
import Database from 'better-sqlite3'
import { unzipSync } from 'fflate'
import { decodeJwt, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { EnrolmentKey, IncidentList, PeopleList, RoomList, RoomMoment } from '../../../contract/api.ts'
import { Entry, Incident, Room } from '../../../contract/entities.ts'
import { Problem } from '../../../contract/errors.ts'
import { SnapshotPage } from '../../../contract/feed.ts'
import { until } from '../../../contract/testing/wait.ts'
import { TransitionPage } from '../../../contract/transitions.ts'
import { enrolmentOf, enrolRaw, newKey, type TestDevice } from '../../testing/agents/device.ts'
import { DemoService, type Who } from '../../testing/demo.ts'
import { codeOf, demo, runCommand, type TestService } from '../../testing/process.ts'
import { breakCamera, giveScope, makeRooms } from '../../testing/rooms.ts'

let running: DemoService
let data: string
let service: TestService
let devices: TestDevice[]
let tokens: DemoService['tokens']
const roomOf = (index: number): string => running.roomOf(index)

beforeAll(async () => {
  running = await DemoService.start('--metrics-port', '0', '--open-hold-ms', '0', '--resolve-hold-ms', '0')
  ;({ data, service, devices, tokens } = running)
})
afterAll(async () => running.close())

const command = (body: object, issuedAt = Date.now(), key: string = v7()) => ({ key, issuedAt, command: body })

describe('what a scope shows', () => {
  it('is cut to the rooms of the person, totals too', async () => {
    const all = RoomList.parse((await service.ask('/v1/rooms?limit=2', { token: tokens.manager })).json)
    expect([all.items.length, all.total]).toEqual([2, 3])
    const rest = RoomList.parse((await service.ask(`/v1/rooms?limit=2&after=${all.next}`, { token: tokens.manager })).json)
    expect(new Set([...all.items, ...rest.items].map(({ id }) => id)).size).toBe(3)
    const mine = RoomList.parse((await service.ask('/v1/rooms', { token: tokens.tech })).json)
    expect([mine.items.map(({ id }) => String(id)), mine.total]).toEqual([[roomOf(1)], 1])
    expect(RoomList.parse((await service.ask('/v1/rooms?name=ROOM', { token: tokens.tech })).json).total).toBe(1)
    expect(RoomList.parse((await service.ask('/v1/rooms?name=lab', { token: tokens.tech })).json).total).toBe(0)
  })

  it('holds for incidents, and for commands about them', async () => {
    const device = devices[1]
    if (!device) throw new Error('no device')
    await service.ask('/v1/commands', { token: tokens.manager, body: command({ type: 'rooms.enrol', rooms: [roomOf(1)] }) })
    const incident = await breakCamera(service, device)
    expect((await service.ask(`/v1/incidents/${incident.id}`, { token: tokens.tech })).status).toBe(200)
    expect(codeOf(await service.ask(`/v1/incidents/${incident.id}`, { token: tokens.lead }))).toBe('access.outOfScope')
    expect(IncidentList.parse((await service.ask('/v1/incidents', { token: tokens.lead })).json)).toEqual({ items: [], total: 0 })
    const refused = await service.ask('/v1/commands', {
      token: tokens.lead,
      body: command({ type: 'incident.acknowledge', incident: incident.id }),
    })
    expect([refused.status, codeOf(refused)]).toEqual([404, 'incident.notFound'])
    const taken = await service.ask('/v1/commands', {
      token: tokens.tech,
      body: command({ type: 'incident.acknowledge', incident: incident.id, note: 'On my way' }),
    })
    expect(taken.json).toMatchObject({ outcome: 'applied' })
    expect((await service.ask(`/v1/incidents/${incident.id}`, { token: tokens.manager })).json).toMatchObject({
      acknowledged: { by: { name: 'David Okafor' }, note: 'On my way' },
    })
  })

  it('[ROM-2] a room’s history is read a page at a time, and the room as it was at a moment', async () => {
    const ask = async (query: string) =>
      TransitionPage.parse((await service.ask(`/v1/rooms/${roomOf(1)}/transitions?${query}`, { token: tokens.tech })).json)
    const all = (await ask('limit=500')).items
    expect(all.length).toBeGreaterThan(4)
    const paged = []
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: TransitionPage = await ask(next === '' ? 'limit=2' : `limit=2&before=${next}`)
      expect(page.items.length).toBeLessThanOrEqual(2)
      paged.push(...page.items)
      next = page.next
    }
    expect(paged).toEqual(all)
    const momentAt = async (at: number) =>
      RoomMoment.parse((await service.ask(`/v1/rooms/${roomOf(1)}/state?at=${at}`, { token: tokens.tech })).json)
    const { lifecycle, health, connected, incidents } = Room.parse(
      (await service.ask(`/v1/rooms/${roomOf(1)}`, { token: tokens.tech })).json,
    )
    expect((await momentAt(Date.now())).state).toMatchObject({ lifecycle, health, connected, incidents })
    const [onboarded, enrolled] = ['onboarded', 'enrolled'].map((kind) => all.find((one) => one.kind === kind)?.at ?? 0)
    expect((await momentAt(enrolled ?? 0)).state?.lifecycle).toBe('enrolled')
    expect((await momentAt((enrolled ?? 0) - 1)).state?.lifecycle).toBe('onboarding')
    expect(await momentAt((onboarded ?? 0) - 1)).toMatchObject({ checkpointAt: null, state: null })
  })

  it('changes at once with an assignment', async () => {
    await giveScope(service, 'siteTech', [roomOf(1), roomOf(2)])
    expect(RoomList.parse((await service.ask('/v1/rooms', { token: tokens.tech })).json).total).toBe(2)
    await giveScope(service, 'siteTech', [roomOf(1)])
    expect((await service.ask(`/v1/rooms/${roomOf(2)}`, { token: tokens.tech })).status).toBe(404)
  })
})

describe('a token that is not right', () => {
  const claims = () => ({ iss: `${service.url}/identity`, tid: 't', oid: 'o' })

  it('is refused: unsigned, foreign, for another audience, expired, nonsense', async () => {
    const none = new UnsecuredJWT(claims()).setAudience('urn:roomkeeper:service').setIssuedAt().setExpirationTime('1h').encode()
    const { privateKey } = await generateKeyPair('RS256')
    const foreign = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256' })
      .setAudience('urn:roomkeeper:service')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
    const tampered = tokens.manager.replace(/\.([\w-]+)\./, (_, payload: string) => `.${payload.slice(0, -4)}AAAA.`)
    for (const token of [none, foreign, tampered, 'nonsense', `${tokens.manager}x`]) {
      const answer = await service.ask('/v1/me', { token })
      expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.invalid'])
    }
    expect(codeOf(await service.ask('/v1/me'))).toBe('auth.missing')
  })

  it("is refused though the issuer's own key signed it: expired, or for another audience", async () => {
    const db = new Database(join(data, 'service', 'service.db'), { readonly: true })
    const { value } = z.object({ value: z.string() }).parse(db.prepare(`select value from "serviceValue" where name = 'issuerKey'`).get())
    db.close()
    const key = await importJWK(JSON.parse(value), 'RS256')
    const { kid } = z.object({ kid: z.string() }).parse(JSON.parse(value))
    const own = decodeJwt(tokens.manager)
    const sign = (changes: object) => new SignJWT({ ...own, ...changes }).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
    expect((await service.ask('/v1/me', { token: await sign({}) })).status).toBe(200)
    expect(codeOf(await service.ask('/v1/me', { token: await sign({ exp: Math.floor(Date.now() / 1000) - 60 }) }))).toBe('auth.expired')
    expect(codeOf(await service.ask('/v1/me', { token: await sign({ aud: 'urn:another' }) }))).toBe('auth.invalid')
    expect(codeOf(await service.ask('/v1/me', { token: await sign({ iss: 'https://evil.example' }) }))).toBe('auth.invalid')
    expect(codeOf(await service.ask('/v1/me', { token: await sign({ tid: 'another directory' }) }))).toBe('auth.unknownTenant')
  })

  it("of a room's account opens nothing but an enrolment", async () => {
    const token = await service.tokenOf(demo.room)
    expect(codeOf(await service.ask('/v1/rooms', { token }))).toBe('access.denied')
    const { status } = await enrolRaw(service.url, enrolmentOf(newKey()), `Bearer ${token}`)
    expect(status).toBe(200)
    const person = await enrolRaw(service.url, enrolmentOf(newKey()), `Bearer ${tokens.manager}`)
    expect(Problem.parse(person.answer).code).toBe('enrol.accountInvalid')
  })
})

describe('[CON-3] a command and its key', () => {
  const rename = (holds: number) => ({ type: 'settings.change', changes: { flapCount: holds } })

  it('is applied once, however often it comes', async () => {
    const body = command(rename(7))
    const first = await service.ask('/v1/commands', { token: tokens.manager, body })
    await service.ask('/v1/commands', { token: tokens.manager, body: command(rename(8)) })
    const again = await service.ask('/v1/commands', { token: tokens.manager, body })
    expect([first.status, again.json]).toEqual([200, first.json])
    const snapshot = await service.ask('/v1/snapshot', { token: tokens.manager })
    expect(snapshot.text).toContain('"flapCount":8')
  })

  it('keeps its refusal too', async () => {
    const body = command({ type: 'incident.comment', incident: v7(), text: 'Hello' })
    for (let tries = 0; tries < 2; tries += 1)
      expect(codeOf(await service.ask('/v1/commands', { token: tokens.manager, body }))).toBe('incident.notFound')
  })

  it('is refused with the key of another command, and lets another person use the same key', async () => {
    const key = v7()
    await service.ask('/v1/commands', { token: tokens.manager, body: command(rename(5), 1, key) })
    const other = await service.ask('/v1/commands', { token: tokens.manager, body: command(rename(6), Date.now(), key) })
    expect([other.status, codeOf(other)]).toEqual([409, 'command.keyReused'])
    const someone = await service.ask('/v1/commands', { token: tokens.lead, body: command(rename(6), Date.now(), key) })
    expect(codeOf(someone)).toBe('access.denied')
  })

  it('is refused when it is too old', async () => {
    const old = await service.ask('/v1/commands', { token: tokens.manager, body: command(rename(5), Date.now() - 31 * 24 * 3_600_000) })
    expect([old.status, codeOf(old)]).toEqual([410, 'command.expired'])
  })

  it('changes no room where one of them may not be changed', async () => {
    const body = command({ type: 'rooms.enrol', rooms: [roomOf(0), roomOf(1)] })
    expect(codeOf(await service.ask('/v1/commands', { token: tokens.lead, body }))).toBe('room.notFound')
    expect((await service.ask(`/v1/rooms/${roomOf(0)}`, { token: tokens.lead })).json).toMatchObject({ lifecycle: 'onboarding' })
  })

  it.each([
    ['no command', { key: v7(), issuedAt: 1 }, 'command'],
    ['an unknown command', command({ type: 'rooms.explode' }), 'command.type'],
    ['a text that is empty', command({ type: 'incident.comment', incident: v7(), text: ' \u0000 ' }), 'command.text'],
    ['a key that is none', command(rename(5), 1, 'key'), 'key'],
    ['a setting out of bounds', command(rename(1)), 'command.changes.flapCount'],
  ])('names the field with %s', async (_, body, field) => {
    const answer = await service.ask('/v1/commands', { token: tokens.manager, body })
    expect([answer.status, answer.json]).toMatchObject([400, { code: 'request.invalid', field }])
  })
})

describe('[INC-5] commands about incidents', () => {
  const send = (who: Who, body: object) => service.ask('/v1/commands', { token: tokens[who], body: command(body) })

  it('assign, comment, acknowledge and take it back, each with its line of history', async () => {
    const [device] = await makeRooms(service, 1)
    if (!device) throw new Error('no device')
    devices.push(device)
    await send('manager', { type: 'rooms.enrol', rooms: [device.enrolment.room] })
    const { id: incident } = await breakCamera(service, device)
    const { items: known } = PeopleList.parse((await service.ask('/v1/people', { token: tokens.manager })).json)
    const idOf = (who: string) => known.find(({ email }) => email === who)?.id
    // Who does not see the room is answered like who is not known.
    expect(codeOf(await send('manager', { type: 'incident.assign', incident, owner: idOf(demo.lead) }))).toBe('incident.ownerUnknown')
    for (const body of [
      { type: 'incident.assign', incident, owner: idOf(demo.manager) },
      { type: 'incident.comment', incident, text: 'Spare camera ordered' },
      { type: 'incident.acknowledge', incident },
    ]) {
      expect((await send('manager', body)).json).toMatchObject({ outcome: 'applied' })
    }
    const read = async () => Incident.parse((await service.ask(`/v1/incidents/${incident}`, { token: tokens.manager })).json)
    const who = { name: 'Amélie Laurent' }
    expect(await read()).toMatchObject({ owner: who, lastComment: { text: 'Spare camera ordered' }, acknowledged: { by: who } })
    await send('manager', { type: 'incident.unacknowledge', incident })
    await send('manager', { type: 'incident.assign', incident, owner: null })
    expect(await read()).not.toHaveProperty('acknowledged')
    expect(await read()).not.toHaveProperty('owner')
    const { rows } = SnapshotPage.parse((await service.ask('/v1/snapshot', { token: tokens.manager })).json)
    const mine = rows
      .flatMap(({ kind, doc }) => (kind === 'entry' ? [Entry.parse(doc)] : []))
      .filter((entry) => entry.incident === incident && entry.actor.kind === 'person')
    expect(mine.map(({ kind }) => kind).sort()).toEqual(['acknowledged', 'assigned', 'assigned', 'comment', 'unacknowledged'])

    expect(codeOf(await send('manager', { type: 'incident.assign', incident, owner: v7() }))).toBe('incident.ownerUnknown')
    await device.acknowledged(device.report({ 'peripherals.camera': 'healthy' }))
    await until('the incident to be resolved', async () => (await read()).status === 'resolved')
    expect(codeOf(await send('manager', { type: 'incident.acknowledge', incident }))).toBe('incident.resolved')
  })
})

it('[AUD-1] refusals of known people stand in the audit, those of strangers do not', async () => {
  const stranger = v7()
  await service.ask(`/v1/rooms/${stranger}`)
  await service.ask('/v1/roles', { token: tokens.tech })
  await service.ask('/v1/commands', { token: tokens.tech, body: command({ type: 'rooms.enrol', rooms: [roomOf(0)] }) })
  const db = new Database(join(data, 'service', 'service.db'), { readonly: true })
  const rows = z
    .array(z.object({ objectName: z.string(), userId: z.string(), actor: z.string().nullable(), detail: z.string() }))
    .parse(db.prepare(`select "objectName", "userId", actor, detail from audit where "resultStatus" = 'Failed'`).all())
  db.close()
  expect(rows.every(({ userId, actor }) => userId !== '' && actor !== null)).toBe(true)
  expect(
    rows.filter(({ objectName, detail }) => objectName === 'GET /v1/roles' && detail.includes('access.denied')).length,
  ).toBeGreaterThan(0)
  expect(rows.filter(({ objectName, detail }) => objectName === 'rooms.enrol' && detail.includes('access.denied')).length).toBeGreaterThan(
    0,
  )
  expect(JSON.stringify(rows)).not.toContain(stranger)
})

describe('[ENR-1] enrolment of devices', () => {
  it('uses a key that is the same at every download, until it is reset', async () => {
    const download = async () => EnrolmentKey.parse((await service.ask('/v1/enrolment/key', { token: tokens.tech })).json)
    const first = await download()
    expect(await download()).toEqual(first)
    expect((await enrolRaw(service.url, enrolmentOf(newKey()), `EnrolmentKey ${first.key}`)).status).toBe(200)
    const second = EnrolmentKey.parse((await service.ask('/v1/enrolment/key/reset', { token: tokens.manager, method: 'POST' })).json)
    expect(second.key).not.toBe(first.key)
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(newKey()), `EnrolmentKey ${first.key}`)).answer).code).toBe(
      'enrol.keyInvalid',
    )
    await devices[0]?.connect()
  })

  it('offers an installer with the agent, this address and the steps, and no key', async () => {
    const { key } = EnrolmentKey.parse((await service.ask('/v1/enrolment/key', { token: tokens.manager })).json)
    const answer = await fetch(`${service.url}/v1/enrolment/installer`, { headers: { authorization: `Bearer ${tokens.lead}` } })
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="RoomkeeperAgent.zip"')
    const files = unzipSync(new Uint8Array(await answer.arrayBuffer()))
    const text = (name: string) => new TextDecoder().decode(files[name])
    expect(JSON.parse(text('service.json'))).toEqual({ service: service.url })
    expect(text('INSTALL.txt')).toContain(`reports to ${service.url}`)
    expect(text('INSTALL.txt')).toContain('Décompressez')
    expect(Object.keys(files)).toContain('agent-sim/main.ts')
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['install.ps1', 'install.sh', 'offboard.ps1', 'offboard.sh']))
    expect(text('THIRD-PARTY-NOTICES.txt')).toMatch(/better-sqlite3-multiple-ciphers .*\nMIT/u)
    expect(Object.keys(files).filter((name) => /\.test\.ts$|\/testing\/|\.pem$/.test(name))).toEqual([])
    expect(Object.keys(files).every((name) => !text(name).includes(key))).toBe(true)
  })
})

describe('the edges', () => {
  it('says what is too large, not JSON, or not there, and goes on', async () => {
    const large = await service.ask('/v1/commands', { token: tokens.lead, body: `"${'x'.repeat(300_000)}"` })
    expect([large.status, codeOf(large)]).toEqual([413, 'request.tooLarge'])
    const broken = await service.ask('/v1/commands', { token: tokens.manager, body: '{' })
    expect([broken.status, codeOf(broken)]).toEqual([400, 'request.invalid'])
    const nowhere = await service.ask('/v1/nowhere', { token: tokens.manager })
    expect([nowhere.status, codeOf(nowhere)]).toEqual([404, 'request.notFound'])
    expect((await service.ask('/healthz')).json).toEqual({ status: 'ok' })
  })

  it('[rule 13] limits requests per person, whichever of their tokens it is, not for others', async () => {
    const own = [await service.tokenOf(demo.nobody), await service.tokenOf(demo.nobody)]
    let last = 0
    for (let round = 0; round < 200 && last !== 429; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => service.ask('/v1/me', { token: own[n % 2]! })))
      last = Math.max(...answers.map(({ status }) => status))
      const limited = answers.find(({ status }) => status === 429)
      if (limited) expect([codeOf(limited), Number(limited.headers.get('retry-after')) >= 1]).toEqual(['rate.limited', true])
    }
    expect(last).toBe(429)
    expect(codeOf(await service.ask('/v1/me', { token: `${tokens.manager}x` }))).toBe('auth.invalid')
    expect((await service.ask('/v1/me', { token: tokens.manager })).status).toBe(200)
  })

  it('counts requests for Prometheus by route, never by address or token', async () => {
    expect(codeOf(await service.ask('/metrics'))).toBe('request.notFound')
    const text = await (await fetch(service.metrics)).text()
    expect(text).toMatch(/roomkeeper_http_requests_total\{method="GET",route="\/v1\/rooms\/:room",status="404"\} \d+/)
    expect(text).not.toContain(roomOf(0))
    expect(text).not.toContain('eyJ')
  })
})

it('the token command prints the users and a token, and helps where it is wrong', async () => {
  const list = await runCommand('token', '--list', '--data', data)
  const users = z.array(z.object({ email: z.string(), role: z.string(), tenant: z.string() })).parse(JSON.parse(list.stdout))
  expect(users.filter(({ tenant }) => tenant === 'Contoso')).toEqual([
    { email: demo.manager, role: 'proManager', tenant: 'Contoso' },
    { email: demo.lead, role: 'siteLead', tenant: 'Contoso' },
    { email: demo.tech, role: 'siteTech', tenant: 'Contoso' },
    { email: demo.nobody, role: 'none', tenant: 'Contoso' },
  ])
  const { stdout } = await runCommand('token', '--user', demo.tech, '--data', data)
  expect((await service.ask('/v1/me', { token: stdout.trim() })).json).toMatchObject({ email: demo.tech })
  const unknown = await runCommand('token', '--user', 'x@y.example', '--data', data)
  expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([1, '', 'There is no account x@y.example.\n'])
  expect((await runCommand('token')).code).toBe(2)
  const elsewhere = await runCommand('token', '--list', '--data', `${data}-none`)
  expect([elsewhere.code, elsewhere.stderr]).toEqual([1, expect.stringContaining('No service is running on')])
})
