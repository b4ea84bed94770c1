import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TopicOutput } from '../../contract/bridge.ts'
import { RoomId, SessionId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { settle, until, untilStill } from '../../contract/testing/wait.ts'
import type { RemoteSessionView } from '../../contract/views.ts'
import { idOf, makeMe, makeRoom, tenantId } from '../testing/documents.ts'
import { recordOf } from '../testing/remote.ts'
import { RemoteService } from '../testing/remoteService.ts'
import { Rig } from '../testing/rig.ts'

/** A whole console against a real relay, a scripted service and scripted devices. */
const tenant = TenantId.parse(tenantId)
const room = (n: number): RoomId => RoomId.parse(idOf('room', n))
const driver = makeMe(['rooms.view', 'remoteAccess.view', 'remoteAccess.modify'])

let rig: Rig
let remote: RemoteService

beforeEach(async () => {
  rig = await Rig.make()
  remote = await RemoteService.before(rig.service, rig.folder.path)
  rig.service.put('room', makeRoom(1), makeRoom(2))
  rig.service.put('me', driver)
  await rig.start()
  await rig.live()
})
afterEach(async () => {
  await rig.stop()
  await remote.stop()
  await rig.remove()
})

const views = async (): Promise<RemoteSessionView[]> => (await rig.now('remote.sessions')).sessions
const viewOf = async (session: SessionId): Promise<RemoteSessionView | undefined> => (await views()).find(({ id }) => id === session)
const stateOf = async (session: SessionId): Promise<RemoteSessionView['state'] | undefined> => (await viewOf(session))?.state
const endOf = async (session: SessionId): Promise<unknown> =>
  until('the end', async () => {
    const state = await stateOf(session)
    return state?.state === 'ended' ? (state.reason ?? state.code) : undefined
  })
async function start(n = 1, mode: 'view' | 'modify' = 'modify'): Promise<SessionId> {
  const { session } = await rig.bridge.call('remote.start', { tenant, room: room(n), mode })
  await until('what the device offers', async () => (await viewOf(session))?.offers)
  return session
}

/** A window's stream that keeps what it gets. `held`: it does not take its bytes. */
function openScreen(session: SessionId, held?: Promise<void>) {
  const got: Buffer[] = []
  const seen: { ended: boolean; error: Error | undefined } = { ended: false, error: undefined }
  const stream = rig.bridge.open(
    'remote.screen',
    { session, display: 'console' },
    {
      bytes: (bytes) => {
        got.push(Buffer.from(bytes))
        return held
      },
      ended: (error) => Object.assign(seen, { ended: true, error }),
    },
  )
  return { stream, seen, got, text: () => Buffer.concat(got).toString(), length: () => got.reduce((sum, part) => sum + part.byteLength, 0) }
}

describe('a remote session', () => {
  it('begins, shows a screen, and ends for both when the operator says so', async () => {
    const session = await start()
    const device = remote.last
    expect(await viewOf(session)).toMatchObject({
      room: room(1),
      roomName: 'Room 1',
      tenant: { id: tenant, name: 'Contoso' },
      mode: 'modify',
      offers: { displays: ['console'], terminal: true },
      state: { state: 'live' },
    })
    const screen = openScreen(session)
    screen.stream.send(Buffer.from('pointer'))
    await until('the echo', () => screen.text() === 'pointer')
    await until('a round trip', async () => (await viewOf(session))?.roundTripMs !== null)
    await rig.bridge.call('remote.end', { session })
    await until('the device', () => device.ended === 'operatorEnded')
    expect(await endOf(session)).toBe('operatorEnded')
    expect([screen.seen.ended, screen.seen.error]).toEqual([true, undefined])
    const told = await until('the service', () => remote.asked.find(({ path }) => path === `/v1/sessions/${session}/end`))
    expect(told).toMatchObject({ method: 'POST', authorization: 'Bearer token', body: { reason: 'operatorEnded' } })
    await rig.bridge.call('remote.forget', { session })
    expect(await views()).toEqual([])
  })

  it('has terminals that are resized and closed', async () => {
    const session = await start()
    let heard = ''
    const terminal = rig.bridge.open(
      'remote.terminal',
      { session, terminal: 5, columns: 80, rows: 24 },
      { bytes: (bytes) => void (heard += Buffer.from(bytes).toString()), ended: () => undefined },
    )
    terminal.send(Buffer.from('uname\r'))
    await until('the echo', () => heard === 'uname\r')
    await rig.bridge.call('remote.resize', { session, terminal: 5, columns: 120, rows: 40 })
    terminal.close()
    await until('the device', () => remote.last.heard.some(({ type }) => type === 'close'))
    expect(remote.last.heard.filter(({ type }) => type !== 'ping')).toEqual([
      { type: 'openTerminal', channel: 1, columns: 80, rows: 24 },
      { type: 'resize', channel: 1, columns: 120, rows: 40 },
      { type: 'close', channel: 1 },
    ])
    await expect(rig.bridge.call('remote.resize', { session, terminal: 5, columns: 80, rows: 24 })).rejects.toMatchObject({
      code: 'remote.notFound',
    })
  })

  it('that is refused passes the code and what belongs to it', async () => {
    remote.refusal = { code: 'remote.occupied', params: { name: 'David Okafor' } }
    await expect(rig.bridge.call('remote.start', { tenant, room: room(1), mode: 'view' })).rejects.toMatchObject({
      code: 'remote.occupied',
      details: { params: { name: 'David Okafor' } },
    })
    expect(await views()).toEqual([])
    const stranger = TenantId.parse(idOf('tenant', 9))
    await expect(rig.bridge.call('remote.start', { tenant: stranger, room: room(1), mode: 'view' })).rejects.toMatchObject({
      code: 'session.tenantUnknown',
    })
    await rig.bridge.call('sync.workOffline', { on: true })
    await expect(rig.bridge.call('remote.start', { tenant, room: room(1), mode: 'view' })).rejects.toMatchObject({
      code: 'network.offline',
    })
    expect(remote.asked).toHaveLength(1)
  })

  it('ends with the reason that the device gives', async () => {
    const session = await start()
    const screen = openScreen(session)
    screen.stream.send(Buffer.from('x'))
    await until('the echo', () => screen.text() === 'x')
    remote.last.end('callStarted')
    expect(await endOf(session)).toBe('callStarted')
    await until('the end of the screen', () => screen.seen.ended)
    await expect(
      new Promise((_, reject) =>
        rig.bridge.open('remote.screen', { session, display: 'console' }, { bytes: () => undefined, ended: reject }),
      ),
    ).rejects.toMatchObject({ code: 'remote.ended' })
  })

  it('goes on after its connection was cut, without a lost or doubled byte', async () => {
    const session = await start()
    const heard: string[] = []
    rig.bridge.listen('remote.sessions', {}, ({ sessions }: TopicOutput<'remote.sessions'>) => heard.push(sessions[0]?.state.state ?? ''))
    const screen = openScreen(session)
    let sent = ''
    for (let n = 0; n < 300; n++) {
      const part = `${n};`.repeat(500)
      sent += part
      screen.stream.send(Buffer.from(part))
      if (n % 100 === 50) {
        remote.wire.cut()
        await until('the loss', () => heard.includes('lost'))
      }
      if (n % 10 === 0) await settle()
    }
    await until('all of it back', () => screen.length() >= sent.length)
    expect(screen.text() === sent).toBe(true)
    expect(await stateOf(session)).toEqual({ state: 'live' })
  })

  it('goes on at another relay with a fresh ticket, where its relay was killed', async () => {
    const session = await start()
    const screen = openScreen(session)
    screen.stream.send(Buffer.from('before '))
    await until('the echo', () => screen.text() === 'before ')
    await remote.anotherRelay()
    screen.stream.send(Buffer.from('after'))
    await until('the rest', () => screen.text() === 'before after', 40_000)
    expect(remote.asked.some(({ path }) => path === `/v1/sessions/${session}/ticket`)).toBe(true)
    expect(await stateOf(session)).toEqual({ state: 'live' })
  })

  it('lets the device wait for a window that takes nothing, and brings it everything later', async () => {
    const session = await start()
    let take = (): void => undefined
    const screen = openScreen(session, new Promise((resolve) => (take = resolve)))
    await until('the device', () => remote.last.heard.some(({ type }) => type === 'openScreen'))
    const part = Buffer.alloc(32 * 1024)
    const whole = 24 * 1024 * 1024
    const [sent, arrived] = [createHash('sha256'), createHash('sha256')]
    let poured = 0
    remote.last.pour(1, () => {
      if (poured >= whole) return undefined
      part.fill(poured / part.byteLength)
      poured += part.byteLength
      sent.update(part)
      return part
    })
    await until('the window to be full', () => screen.length() === limits.bridgeStreamBytes)
    await untilStill('it to stand still', () => poured)
    // What may wait: the window's credit, what the link has parked and not confirmed, and what the device has in hand.
    expect(poured).toBeLessThan(limits.bridgeStreamBytes + 3 * limits.sessionWindowBytes)
    expect(screen.length()).toBe(limits.bridgeStreamBytes)
    take()
    await until('the rest', () => screen.length() === whole, 60_000)
    for (const bytes of screen.got) arrived.update(bytes)
    expect(arrived.digest('hex')).toBe(sent.digest('hex'))
  })

  it('is one of several, each with its own device', async () => {
    const one = await start(1)
    const two = await start(2, 'view')
    const [first, second] = [...remote.ends.values()]
    const [screenOne, screenTwo] = [openScreen(one), openScreen(two)]
    screenOne.stream.send(Buffer.from('one'))
    screenTwo.stream.send(Buffer.from('two'))
    await until('both echoes', () => screenOne.text() === 'one' && screenTwo.text() === 'two')
    expect([first, second].map((end) => Buffer.concat(end!.got.get(1) ?? []).toString())).toEqual(['one', 'two'])
    await rig.bridge.call('remote.end', { session: one })
    await until('the end of one', () => first!.ended !== undefined)
    screenTwo.stream.send(Buffer.from('!'))
    await until('the other goes on', () => screenTwo.text() === 'two!')
    await expect(rig.bridge.call('remote.restart', { session: two })).rejects.toMatchObject({ code: 'remote.viewOnly' })
    expect(await stateOf(two)).toEqual({ state: 'live' })
  })
})

describe('sessions end', () => {
  it('when the operator signs out, which the service is told while there is a token', async () => {
    const session = await start()
    const device = remote.last
    await rig.bridge.call('session.signOut', { unsent: 'discard' })
    expect(remote.asked.at(-1)).toMatchObject({ path: `/v1/sessions/${session}/end`, authorization: 'Bearer token' })
    await until('the device', () => device.ended === 'operatorEnded')
    expect(await views()).toEqual([])
  })

  it('when the console ends', async () => {
    await start()
    await rig.stop()
    expect(remote.asked.at(-1)?.path).toMatch(/\/end$/u)
    await until('the device', () => remote.last.ended === 'operatorEnded')
  })

  it('when the right is taken away, for the rooms that it is taken away for', async () => {
    const one = await start(1)
    const two = await start(2, 'view')
    rig.service.put('me', makeMe(['rooms.view', 'remoteAccess.view'], [room(1), room(2)]))
    expect(await endOf(one)).toBe('accessWithdrawn')
    expect(await stateOf(two)).toEqual({ state: 'live' })
    rig.service.put('me', makeMe(['rooms.view', 'remoteAccess.view'], [room(1)]))
    expect(await endOf(two)).toBe('accessWithdrawn')
    expect(remote.asked.filter(({ path }) => path.endsWith('/end'))).toEqual([])
    await until('both devices', () => [...remote.ends.values()].every(({ ended }) => ended !== undefined))
  })

  it('with the customer that they are about', async () => {
    const adatum = TenantId.parse(idOf('tenant', 2))
    const customer = rig.service.customer(adatum, 'Adatum')
    customer.put('me', { ...driver, tenant: adatum } as { id: string })
    customer.put('room', makeRoom(11))
    rig.service.put('me', { ...driver, customers: [{ tenant: adatum, link: idOf('link', 2), name: 'Adatum' }] } as { id: string })
    const session = await until('a session there', async () => {
      try {
        return (await rig.bridge.call('remote.start', { tenant: adatum, room: room(11), mode: 'view' })).session
      } catch {
        return undefined
      }
    })
    await until('it is live', async () => (await stateOf(session))?.state === 'live')
    expect((await viewOf(session))?.tenant).toEqual({ id: adatum, name: 'Adatum' })
    rig.service.put('me', driver)
    expect(await endOf(session)).toBe('accessWithdrawn')
  })
})

describe('the log and recordings', () => {
  const session = SessionId.parse(idOf('session', 1))
  const head = { session, number: 1, fromMs: 0, toMs: 5_000 }
  const events = [{ type: 'terminal', at: 10, terminal: 1, columns: 80, rows: 24, text: '$ ls\r\n' }]
  const gzip = (lines: readonly unknown[]): Buffer => gzipSync(lines.map((line) => JSON.stringify(line)).join('\n'))

  it('come from the service, and are looked at before they are shown', async () => {
    const { answers } = rig.service
    answers.set('/v1/sessions', { items: [recordOf(session, 'idle')], next: null })
    answers.set('/v1/sessions.csv', 'Session\n')
    answers.set(`/v1/recordings/${session}`, {
      session,
      record: recordOf(session, 'idle'),
      startedAt: 1,
      durationMs: 5_000,
      complete: true,
      chunks: [{ number: 1, fromMs: 0, toMs: 5_000, bytes: 99 }],
    })
    const { onRequest } = rig.service
    let chunk = gzip([head, ...events])
    rig.service.onRequest = (request, response) => {
      const binary = request.url?.endsWith('/chunks/1') ? chunk : request.url?.endsWith('/terminal') ? gzip(events) : undefined
      if (binary !== undefined) response.writeHead(200, { 'content-type': 'application/gzip' }).end(binary)
      return binary !== undefined || onRequest(request, response)
    }
    const { items } = await rig.bridge.call('remote.log', { tenant, outcome: 'ended', text: 'Amélie', limit: 10 })
    expect(items.map(({ end }) => end)).toEqual(['idle'])
    const saved = await rig.bridge.call('remote.saveLog', { tenant, from: 0, to: 86_400_000 })
    expect([saved.path.split('/').at(-1), readFileSync(saved.path, 'utf8')]).toEqual([
      'roomkeeper-sessions-1970-01-01-1970-01-01.csv',
      'Session\n',
    ])
    expect(await rig.bridge.call('remote.recording', { tenant, session })).toMatchObject({ durationMs: 5_000, complete: true })
    expect(await rig.bridge.call('remote.chunk', { tenant, session, number: 1 })).toEqual({ head, events })
    expect(await rig.bridge.call('remote.searchRecording', { tenant, session, text: 'LS' })).toEqual({
      hits: [{ at: 10, terminal: 1, line: '$ ls' }],
      more: false,
    })
    chunk = gzip([{ ...head, number: 2 }])
    await expect(rig.bridge.call('remote.chunk', { tenant, session, number: 1 })).rejects.toMatchObject({ code: 'service.failed' })
    await expect(rig.bridge.call('remote.recording', { tenant, session: SessionId.parse(idOf('session', 2)) })).rejects.toMatchObject({
      code: 'request.notFound',
    })
    await rig.bridge.call('sync.workOffline', { on: true })
    await expect(rig.bridge.call('remote.log', { tenant })).rejects.toMatchObject({ code: 'network.offline' })
  })
})
