import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RelayId, type RelaySide } from '../../../contract/relay.ts'
import { programs } from '../../../contract/testing/programs.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { inProcessBus } from '../../ground/bus.ts'
import { filesOf } from '../../ground/config.ts'
import { readSecrets } from '../../ground/secrets.ts'
import { Store } from '../../ground/store/store.ts'
import { schema } from '../../schema.ts'
import { makeFolder, removeFolder, runCommand, TestService } from '../../testing/process.ts'
import { TestSide } from '../../testing/relay/client.ts'
import { type Keys, makeKeys, newDevice, newSession } from '../../testing/relay/relay.ts'
import { RelayPublicKey } from './keys.ts'
import { signTicket } from './tickets.ts'

const Ready = z.object({ ready: z.literal(true), service: z.url(), relay: z.string(), metrics: z.url() })
const id = RelayId.parse('relay-1')

let folder: string
let keys: Keys
let child: ChildProcess | undefined
let said = ''

beforeAll(async () => {
  folder = makeFolder()
  keys = await makeKeys()
  writeFileSync(join(folder, 'key.jwk'), JSON.stringify(keys.publicKey))
})
afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
})
afterAll(() => removeFolder(folder))

async function start(): Promise<{ url: string; metrics: string; child: ChildProcess }> {
  said = ''
  const own = ['--key-file', join(folder, 'key.jwk'), '--relay-id', id, '--port', '0', '--metrics-port', '0']
  const started = spawn(process.execPath, [programs.service, 'relay', ...own, '--json', '--parent-pipe', '--log-level', 'trace'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child = started
  started.stderr.on('data', (bytes) => (said += String(bytes)))
  for await (const line of createInterface({ input: started.stdout })) {
    const { service: url, metrics } = Ready.parse(JSON.parse(line))
    return { url, metrics, child: started }
  }
  throw new Error(`The relay ended before it was ready: ${said}`)
}

const terms = { lifeMs: 20_000, idleMs: 60_000, maximumMs: 600_000 }

async function pair(url: string, aud = id, key = keys.privateKey) {
  const bound = { aud, sid: newSession(), device: newDevice(), ...terms }
  const tickets: string[] = []
  const connect = async (side: RelaySide) => {
    const ticket = await signTicket(key, { ...bound, side, jti: v7() }, Date.now())
    tickets.push(ticket)
    return TestSide.ticket(url, ticket)
  }
  const device = await connect('device')
  await device.control()
  const operator = await connect('operator')
  await operator.control()
  await device.control()
  return { operator, device, tickets }
}

describe('[REM-7, rule 7] a relay alone', () => {
  it('forwards, is healthy, counts, and writes down nothing that is secret', async () => {
    const { url, metrics: figures, child: relay } = await start()
    const { operator, device, tickets } = await pair(url)
    device.send(Buffer.from('the payload'))
    expect(String(await operator.bytes(11))).toBe('the payload')
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
    const metrics = await (await fetch(figures)).text()
    expect(metrics).toContain('roomkeeper_relay_sessions 1\n')
    expect(metrics).toContain('roomkeeper_relay_connections 2\n')
    expect(metrics).toContain('roomkeeper_relay_bytes_total{to="operator"} 11\n')
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
    await expect(TestSide.ticket(url, tickets[0] ?? '')).rejects.toMatchObject({ code: 'relay.ticketUsed' })
    operator.say({ type: 'end' })
    expect(await device.control()).toEqual({ type: 'ended', reason: 'ended', by: 'operator' })
    const closed = once(relay, 'close')
    relay.stdin?.end()
    await closed
    expect(relay.exitCode).toBe(0)
    expect(said).toContain('a remote session ended')
    for (const secret of [...tickets.map((ticket) => ticket.slice(-40)), operator.secret, device.secret, 'the payload'])
      expect(said).not.toContain(secret)
  })

  it('that is killed leaves both sides with a closed socket; on SIGTERM it says when to come back', async () => {
    const first = await start()
    const killed = await pair(first.url)
    first.child.kill('SIGKILL')
    expect(await Promise.all([killed.operator.whenClosed(), killed.device.whenClosed()])).toEqual([1006, 1006])
    const second = await start()
    const stopped = await pair(second.url)
    const closed = once(second.child, 'close')
    second.child.kill('SIGTERM')
    for (const side of [stopped.operator, stopped.device]) {
      expect(await side.control()).toMatchObject({ type: 'draining' })
      expect(await side.control()).toEqual({ type: 'ended', reason: 'draining' })
      expect(await side.whenClosed()).toBe(1012)
    }
    await closed
    expect(second.child.exitCode).toBe(0)
  })

  it.each([
    ['no key', ['--relay-id', 'a'], '--key-file is missing.'],
    ['a key that is none', ['--relay-id', 'a', '--key-file', programs.service], 'holds no public Ed25519 key'],
    ['no name', ['--key-file', 'x'], '--relay-id is missing'],
    ['another address without TLS', ['--relay-id', 'a', '--key-file', 'x', '--host', '0.0.0.0'], '0.0.0.0 is not a loopback address'],
  ])('does not start with %s, and says so', async (_, args, words) => {
    const { code, stderr } = await runCommand('relay', ...args)
    expect(code).not.toBe(0)
    expect(stderr).toContain(words)
    expect(stderr).not.toContain('    at ')
  })
})

describe('[REM-7] the relay inside the service', () => {
  it('knows tickets by the service’s own key, which it keeps, and takes none of a session that the service does not run', async () => {
    const data = join(folder, 'service')
    const first = await TestService.start(data)
    const key = RelayPublicKey.parse((await first.ask('/v1/relay/key')).json)
    await first.stop()
    const store = await Store.open({ schema, path: filesOf(data).database, bus: inProcessBus(() => {}), ...realSystem })
    const { relayKey, serviceName } = await readSecrets(store, realSystem.random)
    await store.close()
    expect(relayKey).toMatchObject(key)
    const service = await TestService.start(data, '--metrics-port', '0')
    expect((await service.ask('/v1/relay/key')).json).toEqual(key)
    await expect(pair(service.url, RelayId.parse(serviceName), relayKey)).rejects.toMatchObject({
      status: 401,
      code: 'relay.ticketInvalid',
    })
    expect(await (await fetch(service.metrics)).text()).toContain('roomkeeper_relay_refused_total{code="relay.ticketInvalid"} 1\n')
    await service.stop()
  })
})
