import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { System } from '../contract/system.ts'
import { realSystem } from '../contract/testing/system.ts'
import { until } from '../contract/testing/wait.ts'
import { lockDataFolder } from './core.ts'
import { makeRoom } from './testing/documents.ts'
import { comment, Rig } from './testing/rig.ts'
import { problem } from './testing/service.ts'

let rig: Rig

beforeEach(async () => {
  rig = await Rig.make()
})
afterEach(() => rig.remove())

describe('a bad service or network', () => {
  const many = 300
  const everything = async (): Promise<void> => {
    await until('all rooms', async () => (await rig.rows()).length === many)
    expect((await rig.rows()).every(({ name }) => name.startsWith('Newer'))).toBe(true)
  }
  const fill = (): void => rig.service.put('room', ...Array.from({ length: many }, (_, n) => makeRoom(n, { name: `Newer ${n}` })))

  it('that says everything twice, out of order and with nonsense between, changes nothing in the end', async () => {
    let held: string | null = null
    rig.service.onSend = (text) => {
      if (!text.includes('"batch"')) return [text, ...(text.includes('"welcome"') ? [] : [text])]
      const before = held
      held = held === null ? text : null
      return before === null ? [] : [text, before, before, text]
    }
    await rig.start()
    for (let n = 0; n < 20; n++) rig.service.put('room', makeRoom(n, { name: `Old ${n}` }))
    fill()
    rig.service.onSend = (text) => [text, text]
    rig.service.cut()
    await everything()
  })

  it('that sends byte by byte is read all the same', async () => {
    rig.service.onSocket = (_socket, wire) => {
      const write = wire.write.bind(wire)
      wire.setNoDelay(true)
      wire.write = ((chunk: Uint8Array | string) => {
        const bytes = Buffer.from(chunk as Uint8Array)
        for (let at = 0; at < bytes.length; at++) write(bytes.subarray(at, at + 1))
        return true
      }) as typeof wire.write
    }
    await rig.start()
    await rig.live()
    rig.service.put('room', makeRoom(1, { name: 'Byte by byte' }))
    await until('the room', async () => (await rig.names()).includes('Byte by byte'))
  })

  it('that cuts pages in the middle, answers with errors, pages of nothing and other programs is outlived', async () => {
    fill()
    let n = 0
    rig.service.onRequest = (request, response) => {
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
    await rig.start()
    for (let tries = 0; tries < 8; tries++) {
      await until('a pause', async () => ['offline', 'live'].includes((await rig.now('sync')).state))
      await rig.bridge.call('sync.now', {})
    }
    await everything()
  })

  it('that sends what is no feed is left and tried again', async () => {
    let junk = 3
    rig.service.onSend = (text) => (junk-- > 0 ? ['{"type":"batch","rows":7}', 'x'.repeat(100_000)] : [text])
    await rig.start()
    fill()
    await until('live', async () => {
      await rig.bridge.call('sync.now', {})
      return (await rig.now('sync')).state === 'live'
    })
    await everything()
  })

  it('that applies a command and hangs up gets it again, and applies it once', async () => {
    await rig.start()
    await rig.live()
    let n = 0
    rig.service.onCommand = () => (n++ < 2 ? 'cut' : 'apply')
    rig.service.onSend = () => []
    await rig.submit('once')
    await until('three tries', async () => {
      await rig.bridge.call('sync.now', {})
      return rig.service.commands.length >= 3
    })
    expect([...rig.service.appliedKeys.values()]).toEqual([1])
    expect(new Set(rig.service.commands.map(({ key }) => key)).size).toBe(1)
    rig.service.onSend = (text) => [text]
    rig.service.cut()
    await until('confirmed', async () => {
      await rig.bridge.call('sync.now', {})
      return (await rig.now('outbox')).pending === 0
    })
    expect(await rig.texts()).toEqual(['once'])
  })
})

describe('a console that is killed', () => {
  it('at any moment loses nothing that it called durable, and nothing is applied twice', async () => {
    const keys = join(rig.folder.path, 'keys')
    for (const name of [`cache-${rig.account}`, `outbox-${rig.account}`]) await rig.vault.key(name)
    writeFileSync(keys, [...rig.vault.keys].map(([name, key]) => `${name}=${Buffer.from(key).toString('hex')}`).join('\n'))
    rig.lock.release()
    // Half of the answers are lost on the way, so that what was applied is often not known to have been.
    let n = 0
    rig.service.onCommand = () => (n++ % 2 === 0 ? 'cut' : 'apply')
    const durable: string[] = []
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'writer.ts'), rig.folder.path, rig.service.url, keys], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      const ended = once(child, 'exit')
      const wanted = 5 + 7 * round
      await until('keys', () => out.split('\n').length > wanted || child.exitCode !== null, 40_000)
      rig.service.put('room', makeRoom(round, { name: `Round ${round}` }))
      child.kill('SIGKILL')
      await ended
      durable.push(...out.split('\n').slice(1, -1))
    }
    rig.service.onCommand = () => 'apply'
    rig.lock = lockDataFolder(rig.folder.path)
    await rig.start()
    await until('sent', async () => (await rig.now('outbox')).pending === 0, 40_000)
    expect(durable.length).toBeGreaterThan(30)
    expect(durable.filter((key) => rig.service.appliedKeys.get(key) !== 1)).toEqual([])
    expect([...rig.service.appliedKeys.values()].every((times) => times === 1)).toBe(true)
    expect(new Set(rig.service.commands.map(({ key }) => key)).size).toBe(rig.service.appliedKeys.size)
    expect(await rig.names()).toEqual(expect.arrayContaining(['Round 0', 'Round 3']))
    expect(rig.asideOf('')).toEqual([])
  })
})

describe('files that cannot be used', () => {
  const spoil = (name: string, from: number, to: number): void => {
    const path = join(rig.lock.path, rig.account, name)
    const bytes = readFileSync(path)
    bytes.fill(0x5a, from, Math.min(to, bytes.length))
    writeFileSync(path, bytes)
  }
  const withUnsent = async (): Promise<void> => {
    await rig.start()
    await rig.live()
    await rig.bridge.call('sync.workOffline', { on: true })
    await rig.submit('typed before')
    await rig.stop()
  }
  const isWhole = async (): Promise<void> => {
    await rig.bridge.call('sync.workOffline', { on: false })
    await until('all rooms', async () => (await rig.rows().catch(() => [])).length === 3)
    await until('sent', async () => rig.service.appliedKeys.size === 1)
    expect(rig.asideOf('cache.db').length).toBe(1)
    expect(rig.asideOf('outbox.db')).toEqual([])
  }

  it.each([
    ['at its head', 0, 4_096],
    ['in its middle', 16_384, 1_000_000],
  ])('a cache damaged %s is set aside and built anew, and the outbox is left alone', async (_where, from, to) => {
    await withUnsent()
    spoil('cache.db', from, to)
    await rig.start()
    await isWhole()
  })

  it('a cache without its key is set aside and built anew', async () => {
    await withUnsent()
    rig.vault.keys.delete(`cache-${rig.account}`)
    await rig.start()
    await isWhole()
  })

  it('a damaged outbox is set aside and kept, and the console works', async () => {
    await withUnsent()
    spoil('outbox.db', 0, 4_096)
    await rig.start()
    await rig.bridge.call('sync.workOffline', { on: false })
    await rig.submit('typed after')
    await until('sent', async () => rig.service.appliedKeys.size === 1)
    expect(rig.asideOf('outbox.db').length).toBe(1)
  })
})

describe('[rule 11] a clock of this machine that is wrong', () => {
  const clockOff = (byMs: number): System => ({
    ...realSystem,
    clock: { ...realSystem.clock, now: () => realSystem.clock.now() + byMs },
  })
  const hour = 3_600_000

  it.each([
    ['always, 61 days slow', -61 * 24 * hour, -61 * 24 * hour],
    ['always, 2 h fast', 2 * hour, 2 * hour],
    ['since the last time, 2 h fast', 0, 2 * hour],
  ])('%s: what the operator does is dated by the service, also what waited for it', async (_, before, byMs) => {
    await rig.start(rig.service.url, clockOff(before))
    await rig.live()
    await rig.bridge.call('sync.workOffline', { on: true })
    await rig.stop()
    await rig.start(rig.service.url, clockOff(byMs))
    await rig.bridge.call('commands.submit', { command: comment('before it was heard') })
    await rig.bridge.call('sync.workOffline', { on: false })
    await rig.live()
    await rig.bridge.call('commands.submit', { command: comment('after') })
    await until('both', () => rig.service.commands.length === 2)
    // Half an hour is more than a test takes, and less than the clocks differ by.
    for (const { issuedAt, sentAt } of rig.service.commands) expect(Math.abs((sentAt ?? 0) - issuedAt)).toBeLessThan(hour / 2)
    expect(Math.abs((rig.service.commands[1]?.issuedAt ?? 0) - Date.now())).toBeLessThan(hour / 2)
    const { aheadMs } = await rig.now('clock')
    expect(Math.abs(aheadMs + byMs)).toBeLessThan(hour / 2)
    const sync = await rig.now('sync')
    expect(sync.state === 'live' && Math.abs(sync.syncedAt - Date.now())).toBeLessThan(hour / 2)
    // The next run knows from its start.
    await rig.stop()
    await rig.start(rig.service.url, clockOff(byMs))
    expect((await rig.now('clock')).aheadMs).toBe(aheadMs)
  })
})
