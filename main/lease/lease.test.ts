import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeRandom } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { migration1 } from '../cache/migration1.ts'
import { openWritable, removeDatabase, setAside } from '../cache/open.ts'
import { cacheMigrations } from '../cache/schema.ts'
import { createLog } from '../log.ts'
import { FakeVault, tempFolder } from '../testing/fakes.ts'
import { defaultLeaseDays, Lease } from './lease.ts'
import { leasePath, readLease } from './record.ts'

const hour = 3_600_000
const day = 24 * hour

let folder: ReturnType<typeof tempFolder>
let clock: FakeClock
let vault: FakeVault
let lease: Lease
const name = 'cache-x'
const path = (): string => join(folder.path, 'cache.db')

const make = (forgetKey = (): Promise<void> => vault.forget(name)): Lease =>
  new Lease({ cachePath: path(), key: () => vault.key(name), forgetKey, clock, random: fakeRandom('lease'), log: createLog('silent') })

/** Starts the console: the lease is asked, then the copy is opened, made where there is none. Returns whether it was whole. */
async function start(): Promise<boolean> {
  lease = make()
  const may = await lease.mayOpen()
  const options = { path: path(), key: await vault.key(name), migrations: cacheMigrations, synchronous: 'normal' } as const
  try {
    openWritable(options).close()
  } catch {
    // As the cache does with a file that it cannot read.
    setAside(path(), clock.now())
    openWritable(options).close()
  }
  return may
}

/** Whether the copy that was made first is still there to be read. */
const isKept = (): boolean => existsSync(path()) && vault.keys.get(name) === firstKey
let firstKey: Uint8Array | undefined

beforeEach(async () => {
  folder = tempFolder()
  clock = new FakeClock()
  vault = new FakeVault()
  expect(await start()).toBe(true)
  firstKey = vault.keys.get(name)
})
afterEach(() => {
  lease.stop()
  folder.remove()
})

describe('an offline lease over a restart', () => {
  it.each([
    ['before its end', 7 * day - hour, true],
    ['at its end', 7 * day, false],
  ])('%s', async (_when, off, kept) => {
    lease.contact(clock.now(), 7)
    lease.stop()
    clock.shift(off)
    expect(await start()).toBe(kept)
    expect(isKept()).toBe(kept)
    expect(lease.ended).toBe(!kept)
  })

  it('counts the default days before the first contact', async () => {
    lease.stop()
    clock.shift(defaultLeaseDays * day - hour)
    expect(await start()).toBe(true)
    lease.stop()
    clock.shift(hour)
    expect(await start()).toBe(false)
  })

  it('without a limit never ends, wherever the clock stands', async () => {
    lease.contact(clock.now(), 0)
    lease.stop()
    clock.shift(3_000 * day)
    expect(await start()).toBe(true)
    lease.stop()
    clock.shift(-4_000 * day)
    expect(await start()).toBe(true)
    expect(isKept()).toBe(true)
  })

  it('counts from the last contact, whatever this machine takes the time for', async () => {
    lease.contact(clock.now() - 2_000 * day, 7)
    lease.stop()
    clock.shift(6 * day)
    expect(await start()).toBe(true)
    lease.contact(clock.now() + 2_000 * day, 7)
    lease.stop()
    clock.shift(6 * day)
    expect(await start()).toBe(true)
    lease.stop()
    clock.shift(day)
    expect(await start()).toBe(false)
  })

  it.each([
    ['a little', -limits.leaseClockBackMs, true],
    ['more', -limits.leaseClockBackMs - 1, false],
    ['by days', -6 * day, false],
  ])('ends where the clock was turned back %s', async (_how, back, kept) => {
    lease.contact(clock.now(), 7)
    lease.stop()
    clock.shift(5 * day)
    expect(await start()).toBe(true)
    lease.stop()
    clock.shift(back)
    expect(await start()).toBe(kept)
    expect(isKept()).toBe(kept)
  })

  it('ends where the clock was put forward, the console started, and the clock put right', async () => {
    lease.contact(clock.now(), 7)
    lease.stop()
    clock.shift(day)
    expect(await start()).toBe(true)
    lease.stop()
    clock.shift(-day)
    expect(await start()).toBe(false)
  })

  it('goes on where the clock was put right in contact', async () => {
    clock.shift(day)
    lease.contact(clock.now() - day, 7)
    clock.shift(-day)
    lease.contact(clock.now(), 7)
    lease.stop()
    clock.shift(hour)
    expect(await start()).toBe(true)
    expect(isKept()).toBe(true)
  })
})

describe('while the console runs', () => {
  const ended = (): { count: number } => {
    const heard = { count: 0 }
    lease.onEnd(() => void heard.count++)
    return heard
  }

  it('ends by itself without contact, and nothing can be read any more', async () => {
    lease.contact(clock.now(), 1)
    const heard = ended()
    clock.shift(day - 2 * 60_000)
    clock.advance(60_000)
    expect(heard.count).toBe(0)
    clock.advance(60_000)
    await until('locked', () => heard.count === 1)
    expect(vault.keys.get(name)).not.toBe(firstKey)
    expect(lease.ended).toBe(true)
    // Too late for this copy.
    lease.contact(clock.now(), 1)
    expect(lease.ended).toBe(true)
    expect(await start()).toBe(false)
    expect(isKept()).toBe(false)
  })

  it('ends where the clock is turned back without contact', async () => {
    lease.contact(clock.now(), 7)
    clock.advance(hour)
    const heard = ended()
    clock.shift(-hour)
    clock.advance(60_000)
    await until('locked', () => heard.count === 1)
  })

  it('does not end in contact, however the clock is set', async () => {
    const heard = ended()
    for (const by of [0, 40 * day, -60 * day, 20 * day]) {
      clock.shift(by)
      for (let beat = 0; beat < 20; beat++) {
        clock.advance(15_000)
        lease.contact(1_900_000_000_000 + beat * 15_000, 1)
      }
    }
    expect(heard.count).toBe(0)
    expect(isKept()).toBe(true)
  })

  it('keeps the time that was seen at most every minute, so that a kill hides at most that', async () => {
    lease.contact(clock.now(), 7)
    clock.advance(hour)
    const kept = readLease(path(), firstKey!)
    expect(kept).toMatchObject({ seen: expect.toSatisfy((seen: number) => clock.now() - seen <= 70_000) })
    // Killed: nothing more is written. The clock is turned back before the next start.
    clock.shift(-limits.leaseClockBackMs - 120_000)
    expect(await start()).toBe(false)
  })

  it('keeps a change of the days at once', async () => {
    lease.contact(clock.now(), 7)
    lease.contact(clock.now(), 1)
    expect(readLease(path(), firstKey!)).toMatchObject({ days: 1 })
    lease.setDays(3)
    expect(readLease(path(), firstKey!)).toMatchObject({ days: 3 })
  })
})

describe('after its end', () => {
  const lock = async (): Promise<void> => {
    lease.contact(clock.now(), 1)
    lease.stop()
    clock.shift(2 * day)
    expect(await start()).toBe(false)
  }

  it('stays locked over restarts until the service is heard', async () => {
    await lock()
    lease.stop()
    expect(await start()).toBe(false)
    let unlocked = 0
    lease.onUnlock(() => void unlocked++)
    lease.contact(clock.now(), 1)
    lease.contact(clock.now(), 1)
    expect([lease.ended, unlocked]).toEqual([false, 1])
    lease.stop()
    expect(await start()).toBe(true)
  })

  it('removes what came in and was not confirmed by a contact', async () => {
    await lock()
    const between = vault.keys.get(name)
    lease.stop()
    await start()
    expect(vault.keys.get(name)).not.toBe(between)
  })
})

describe('a kill', () => {
  it.each([
    ['before the key is forgotten', 0],
    ['after the key is forgotten', 1],
  ])('%s leaves nothing that can be read', async (_when, forgets) => {
    lease.contact(clock.now(), 1)
    lease.stop()
    clock.shift(2 * day)
    const killed = make(async () => {
      if (forgets === 1) await vault.forget(name)
      throw new Error('killed')
    })
    await expect(killed.mayOpen()).rejects.toThrow('killed')
    // Also with the clock turned back to where the lease still ran.
    clock.shift(-2 * day)
    await start()
    expect(isKept()).toBe(false)
  })

  it('between record and copy of a first start locks nobody out', async () => {
    lease.stop()
    removeDatabase(path())
    expect(await start()).toBe(true)
    expect(lease.ended).toBe(false)
  })
})

describe('a record', () => {
  const spoil = (change: (bytes: Buffer) => Buffer): void => writeFileSync(leasePath(path()), change(readFileSync(leasePath(path()))))

  it.each([
    ['deleted', () => rmSync(leasePath(path()))],
    ['emptied', () => spoil(() => Buffer.alloc(0))],
    ['altered', () => spoil((bytes) => Buffer.from(bytes.map((byte, at) => (at === bytes.length - 3 ? byte ^ 1 : byte))))],
    ['of another copy', () => spoil((bytes) => bytes.reverse())],
  ])('that was %s ends the lease', async (_how, change) => {
    lease.contact(clock.now(), 7)
    lease.stop()
    change()
    expect(await start()).toBe(false)
    expect(isKept()).toBe(false)
  })

  it('is given to a copy that was made before there were leases, and to no other', async () => {
    lease.stop()
    removeDatabase(path())
    rmSync(leasePath(path()))
    openWritable({ path: path(), key: firstKey!, migrations: [migration1], synchronous: 'normal' }).close()
    expect(await start()).toBe(true)
    expect(isKept()).toBe(true)
    lease.stop()
    rmSync(leasePath(path()))
    expect(await start()).toBe(false)
    expect(isKept()).toBe(false)
  })

  it('beside a copy that is damaged leaves it to be set aside', async () => {
    lease.stop()
    rmSync(leasePath(path()))
    writeFileSync(path(), 'junk '.repeat(5_000))
    lease = make()
    expect(await lease.mayOpen()).toBe(true)
    expect(existsSync(path())).toBe(true)
  })
})
