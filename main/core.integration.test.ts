import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bridge, TopicName, TopicOutput } from '../contract/bridge.ts'
import type { Command } from '../contract/commands.ts'
import type { RoomRow } from '../contract/views.ts'
import { type Core, createCore, createLog, lockDataFolder, type DataFolder } from './core.ts'
import { idOf, makeIncident, makeRoom } from './testing/documents.ts'
import { FakeSession, FakeVault, openWindow, tempFolder, until } from './testing/fakes.ts'
import { FakeService, problem } from './testing/service.ts'

let service: FakeService
let folder: ReturnType<typeof tempFolder>
let session: FakeSession
let vault: FakeVault
let lock: DataFolder
let core: Core | null
let bridge: Bridge
const log = createLog('silent')
const account = 'a'.repeat(16)
const incident = idOf('incident', 1)
const comment = (text: string): Command => ({ type: 'incident.comment', incident, text }) as Command

const start = async (address = service.url): Promise<void> => {
  core = await createCore({
    folder: lock,
    service: address,
    session,
    vault,
    host: { kind: 'browser', version: '1.2.3', downloadFolder: join(folder.path, 'downloads') },
    log,
  })
  bridge = openWindow(core.bridge).bridge
}
const stop = async (): Promise<void> => {
  await core?.stop()
  core = null
}
const now = <N extends TopicName>(name: N): Promise<TopicOutput<N>> =>
  new Promise((resolve) => {
    const undo = bridge.listen(name, {} as never, (value) => {
      resolve(value)
      queueMicrotask(() => undo())
    })
  })
const isLive = () => until('live', async () => (await now('sync')).state === 'live')
const rows = async (): Promise<RoomRow[]> =>
  (await bridge.call('rooms.list', { filter: {}, sort: 'name', descending: false, offset: 0, limit: 500 })).rows
const names = async (): Promise<string[]> => (await rows()).map(({ name }) => name)
const submit = (text: string) => bridge.call('commands.submit', { command: comment(text) })
const texts = async (): Promise<string[]> =>
  (await bridge.call('incidents.entries', { incident: incident as never, offset: 0, limit: 500 })).rows.map(({ text, pending }) => `${text}${pending ? '*' : ''}`)
const asideOf = (name: string): string[] => readdirSync(join(lock.path, account)).filter((file) => file.startsWith(name) && file.endsWith('.aside'))

beforeEach(async () => {
  service = await FakeService.start()
  service.put('room', ...[1, 2, 3].map((n) => makeRoom(n)))
  service.put('incident', makeIncident(1, 1))
  folder = tempFolder()
  lock = lockDataFolder(folder.path)
  session = new FakeSession('token', account)
  vault = new FakeVault()
})
afterEach(async () => {
  await stop()
  lock.release()
  await service.stop()
  folder.remove()
})

describe('the console', () => {
  it('starts from its cache with no network, and says how old it is', async () => {
    await start()
    await isLive()
    await stop()
    // Nobody listens there any more.
    const gone = service.url
    await service.stop()
    service = await FakeService.start()
    await start(gone)
    expect(await names()).toEqual(['Room 1', 'Room 2', 'Room 3'])
    expect(await now('session')).toMatchObject({ state: 'signedIn', me: { name: 'Amélie Laurent' }, tenant: 'Contoso' })
    const offline = await until('offline', async () => {
      const state = await now('sync')
      return state.state === 'offline' ? state : null
    })
    expect(offline).toMatchObject({ why: 'network', code: 'network.offline' })
    expect(offline.syncedAt).toBeGreaterThan(0)
  })

  it('follows changes, and tells which', async () => {
    await start()
    await isLive()
    const changes: TopicOutput<'changes'>[] = []
    const room: (TopicOutput<'room'>)[] = []
    bridge.listen('changes', {}, (change) => changes.push(change))
    bridge.listen('room', { room: idOf('room', 2) as never }, (view) => room.push(view))
    // What comes while the first snapshot is still being told of is told without names.
    await until('a change that names the room', () => {
      service.put('room', makeRoom(2, { name: 'Renamed' }))
      return changes.find(({ rooms }) => rooms?.some((id) => id === idOf('room', 2)))
    })
    expect(await names()).toContain('Renamed')
    expect(room.map((view) => view?.name)).toEqual(['Room 2', 'Renamed'])
    service.remove('room', idOf('room', 2))
    await until('the removal', () => room.at(-1) === null)
  })

  it('loses what the person may not see any more, and gains what is new', async () => {
    await start()
    await isLive()
    service.scope = 2
    for (const key of [`room:${idOf('room', 1)}`, `room:${idOf('room', 3)}`, `incident:${incident}`]) service.docs.delete(key)
    service.docs.set(`room:${idOf('room', 9)}`, { kind: 'room', room: idOf('room', 9), rev: 1, doc: makeRoom(9) })
    service.say({ type: 'scope', version: 2, rooms: { room: [idOf('room', 2), idOf('room', 9)], incident: [idOf('room', 2)], entry: [], roomEvent: [], settings: 'all' } })
    await until('room 9', async () => (await names()).includes('Room 9'))
    expect(await names()).toEqual(['Room 2', 'Room 9'])
    expect((await bridge.call('incidents.counts', {})).needAction).toBe(0)
    await isLive()
  })

  it('keeps what is done while working offline, also over a restart, and sends it once', async () => {
    await start()
    await isLive()
    await bridge.call('sync.workOffline', { on: true })
    await submit('first')
    await submit('second')
    expect(await texts()).toEqual(['second*', 'first*'])
    await expect(bridge.call('enrolment.saveKey', {})).rejects.toMatchObject({ code: 'network.offline' })
    await stop()
    await start()
    expect(await now('sync')).toMatchObject({ state: 'offline', why: 'workOffline' })
    expect(await texts()).toEqual(['second*', 'first*'])
    expect(service.commands).toEqual([])
    await bridge.call('sync.workOffline', { on: false })
    await until('sent', async () => (await now('outbox')).pending === 0)
    expect(await texts()).toEqual(['second', 'first'])
    expect([...service.appliedKeys.values()]).toEqual([1, 1])
  })

  it('shows why the service refused, with what was typed, and sends it again when told', async () => {
    await start()
    await isLive()
    service.onCommand = () => 'incident.notFound'
    const { key } = await submit('typed')
    await until('refused', async () => (await now('outbox')).refused === 1)
    expect((await bridge.call('outbox.list', {})).rows).toMatchObject([
      { key, state: 'refused', command: { text: 'typed' }, refusal: { code: 'incident.notFound' }, subject: '#1 Room 1' },
    ])
    expect(await texts()).toEqual([])
    service.onCommand = () => 'apply'
    await bridge.call('outbox.retry', { key })
    await until('sent', async () => (await texts()).join() === 'typed')
    expect(service.commands.map((request) => request.key === key)).toEqual([true, false])
  })

  it('saves the key and the installer under safe names, and asks the service each time', async () => {
    await start()
    await isLive()
    const saved = await bridge.call('enrolment.saveKey', {})
    expect(readFileSync(saved.path, 'utf8')).toBe('secret-key\n')
    const second = await bridge.call('enrolment.saveKey', {})
    expect(second.path).not.toBe(saved.path)
    const installer = await bridge.call('enrolment.saveInstaller', {})
    expect(installer.path).toBe(join(folder.path, 'downloads', 'agent.zip'))
    service.onRequest = (_request, response) => {
      response.write('x'.repeat(5 * 1024 * 1024))
      response.end()
      return true
    }
    await expect(bridge.call('enrolment.saveKey', {})).rejects.toMatchObject({ code: 'service.failed' })
  })

  it('makes a support bundle without names, tokens, or what was written', async () => {
    await start()
    await isLive()
    await submit('my secret thought')
    log.warn({ error: 'amelie.laurent@contoso.example of Contoso with eyJhbGciOi.eyJzdWIi.c2ln in /home/amelie/x/y' }, 'something about Amélie Laurent')
    const { path } = await bridge.call('support.saveBundle', {})
    const files = Object.entries(unzipSync(readFileSync(path))).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)] as const)
    expect(files.map(([name]) => name).sort()).toEqual(['about.json', 'console.log', 'state.json'])
    for (const [, text] of files) {
      for (const secret of ['Amélie', 'amelie', 'Contoso', 'contoso', 'secret thought', 'eyJ', 'Room 1', folder.path]) expect(text).not.toContain(secret)
    }
    expect(JSON.parse(files.find(([name]) => name === 'state.json')![1])).toMatchObject({ documents: { room: 3 }, sync: { state: 'live' } })
  })

  it('has its data folder to itself', () => {
    expect(() => lockDataFolder(folder.path)).toThrow(expect.objectContaining({ code: 'cache.locked' }))
    lock.release()
    lock = lockDataFolder(folder.path)
  })
})

describe('signing out', () => {
  it('asks when something is unsent, and keeps or discards it as told, but never the rest', async () => {
    await start()
    await isLive()
    await bridge.call('sync.workOffline', { on: true })
    await submit('unsent')
    await expect(bridge.call('session.signOut', { unsent: 'ask' })).rejects.toMatchObject({ code: 'session.unsent' })
    expect(session.state.state).toBe('signedIn')
    expect(await names()).toHaveLength(3)

    await bridge.call('session.signOut', { unsent: 'keep' })
    expect(session.state.state).toBe('signedOut')
    expect(existsSync(join(lock.path, account, 'cache.db'))).toBe(false)
    expect(vault.keys.has(`cache-${account}`)).toBe(false)
    await expect(rows()).rejects.toMatchObject({ code: 'session.none' })

    session.set(new FakeSession('token', account).state)
    const kept = await until('the outbox', async () => (await bridge.call('outbox.list', {}).catch(() => ({ rows: [] }))).rows[0])
    expect(kept.command).toEqual(comment('unsent'))
    await bridge.call('session.signOut', { unsent: 'discard' })
    session.set(new FakeSession('token', account).state)
    await until('signed in again', () => bridge.call('outbox.list', {}).then(({ rows: left }) => left.length === 0, () => false))
    expect(service.commands).toEqual([])
  })

  it('that was interrupted is finished at the next start', async () => {
    await start()
    await isLive()
    await stop()
    session = new FakeSession('token', 'b'.repeat(16))
    await start()
    expect(existsSync(join(lock.path, account, 'cache.db'))).toBe(false)
    expect(existsSync(join(lock.path, account, 'outbox.db'))).toBe(true)
  })
})

describe('a bad service or network', () => {
  const many = 300
  const everything = async (): Promise<void> => {
    await until('all rooms', async () => (await rows()).length === many)
    expect((await rows()).every(({ name }) => name.startsWith('Newer'))).toBe(true)
  }
  const fill = (): void => service.put('room', ...Array.from({ length: many }, (_, n) => makeRoom(n, { name: `Newer ${n}` })))

  it('that says everything twice, out of order and with nonsense between, changes nothing in the end', async () => {
    let held: string | null = null
    service.onSend = (text) => {
      if (!text.includes('"batch"')) return [text, ...(text.includes('"welcome"') ? [] : [text])]
      const before = held
      held = held === null ? text : null
      return before === null ? [] : [text, before, before, text]
    }
    await start()
    for (let n = 0; n < 20; n++) service.put('room', makeRoom(n, { name: `Old ${n}` }))
    fill()
    service.onSend = (text) => [text, text]
    service.cut()
    await everything()
  })

  it('that sends byte by byte is read all the same', async () => {
    service.onSocket = (_socket, wire) => {
      const write = wire.write.bind(wire)
      wire.setNoDelay(true)
      wire.write = ((chunk: Uint8Array | string) => {
        const bytes = Buffer.from(chunk as Uint8Array)
        for (let at = 0; at < bytes.length; at++) write(bytes.subarray(at, at + 1))
        return true
      }) as typeof wire.write
    }
    await start()
    await isLive()
    service.put('room', makeRoom(1, { name: 'Byte by byte' }))
    await until('the room', async () => (await names()).includes('Byte by byte'))
  })

  it('that cuts pages in the middle, answers with errors, pages of nothing and other programs is outlived', async () => {
    fill()
    let n = 0
    service.onRequest = (request, response) => {
      if (!request.url?.startsWith('/v1/snapshot')) return false
      switch (n++) {
        case 0:
          response.writeHead(200, { 'content-length': '5000' })
          response.write('{"cursor":"c1","scope":1,"rows":[')
          setTimeout(() => request.socket.destroy(), 20)
          return true
        case 1:
          problem(response, 'service.failed')
          return true
        case 2:
          response.end('<html>Sign in to the hotel network</html>')
          return true
        case 3:
          response.end(JSON.stringify({ cursor: 7, rows: 'all of them' }))
          return true
        case 5:
          request.socket.destroy()
          return true
        default:
          return false
      }
    }
    await start()
    for (let tries = 0; tries < 8; tries++) {
      await until('a pause', async () => ['offline', 'live'].includes((await now('sync')).state))
      await bridge.call('sync.now', {})
    }
    await everything()
  })

  it('that sends what is no feed is left and tried again', async () => {
    let junk = 3
    service.onSend = (text) => (junk-- > 0 ? ['{"type":"batch","rows":7}', 'x'.repeat(100_000)] : [text])
    await start()
    fill()
    await until('live', async () => {
      await bridge.call('sync.now', {})
      return (await now('sync')).state === 'live'
    })
    await everything()
  })

  it('that applies a command and hangs up gets it again, and applies it once', async () => {
    await start()
    await isLive()
    let n = 0
    service.onCommand = () => (n++ < 2 ? 'cut' : 'apply')
    service.onSend = () => []
    await submit('once')
    await until('three tries', async () => {
      await bridge.call('sync.now', {})
      return service.commands.length >= 3
    })
    expect([...service.appliedKeys.values()]).toEqual([1])
    expect(new Set(service.commands.map(({ key }) => key)).size).toBe(1)
    service.onSend = (text) => [text]
    service.cut()
    await until('confirmed', async () => {
      await bridge.call('sync.now', {})
      return (await now('outbox')).pending === 0
    })
    expect(await texts()).toEqual(['once'])
  })
})

describe('a console that is killed', () => {
  it('at any moment loses nothing that it called durable, and nothing is applied twice', async () => {
    const keys = join(folder.path, 'keys')
    for (const name of [`cache-${account}`, `outbox-${account}`]) await vault.key(name)
    writeFileSync(keys, [...vault.keys].map(([name, key]) => `${name}=${Buffer.from(key).toString('hex')}`).join('\n'))
    lock.release()
    // Half of the answers are lost on the way, so that what was applied is often not known to have been.
    let n = 0
    service.onCommand = () => (n++ % 2 === 0 ? 'cut' : 'apply')
    const durable: string[] = []
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'writer.ts'), folder.path, service.url, keys], { stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      const ended = once(child, 'exit')
      const wanted = 5 + 7 * round
      await until('keys', () => out.split('\n').length > wanted || child.exitCode !== null, 40_000)
      service.put('room', makeRoom(round, { name: `Round ${round}` }))
      child.kill('SIGKILL')
      await ended
      durable.push(...out.split('\n').slice(1, -1))
    }
    service.onCommand = () => 'apply'
    lock = lockDataFolder(folder.path)
    await start()
    await until('sent', async () => (await now('outbox')).pending === 0, 40_000)
    expect(durable.length).toBeGreaterThan(30)
    expect(durable.filter((key) => service.appliedKeys.get(key) !== 1)).toEqual([])
    expect([...service.appliedKeys.values()].every((times) => times === 1)).toBe(true)
    expect(new Set(service.commands.map(({ key }) => key)).size).toBe(service.appliedKeys.size)
    expect(await names()).toEqual(expect.arrayContaining(['Round 0', 'Round 3']))
    expect(asideOf('')).toEqual([])
  })
})

describe('files that cannot be used', () => {
  const spoil = (name: string, from: number, to: number): void => {
    const path = join(lock.path, account, name)
    const bytes = readFileSync(path)
    bytes.fill(0x5a, from, Math.min(to, bytes.length))
    writeFileSync(path, bytes)
  }
  const withUnsent = async (): Promise<void> => {
    await start()
    await isLive()
    await bridge.call('sync.workOffline', { on: true })
    await submit('typed before')
    await stop()
  }
  const isWhole = async (): Promise<void> => {
    await bridge.call('sync.workOffline', { on: false })
    await until('all rooms', async () => (await rows().catch(() => [])).length === 3)
    await until('sent', async () => service.appliedKeys.size === 1)
    expect(asideOf('cache.db').length).toBe(1)
    expect(asideOf('outbox.db')).toEqual([])
  }

  it.each([['at its head', 0, 4_096], ['in its middle', 16_384, 1_000_000]])('a cache damaged %s is set aside and built anew, and the outbox is left alone', async (_where, from, to) => {
    await withUnsent()
    spoil('cache.db', from, to)
    await start()
    await isWhole()
  })

  it('a cache without its key is set aside and built anew', async () => {
    await withUnsent()
    vault.keys.delete(`cache-${account}`)
    await start()
    await isWhole()
  })

  it('a damaged outbox is set aside and kept, and the console works', async () => {
    await withUnsent()
    spoil('outbox.db', 0, 4_096)
    await start()
    await bridge.call('sync.workOffline', { on: false })
    await submit('typed after')
    await until('sent', async () => service.appliedKeys.size === 1)
    expect(asideOf('outbox.db').length).toBe(1)
  })
})
