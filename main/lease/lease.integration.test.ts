import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { tenantId } from '../testing/documents.ts'
import { Rig } from '../testing/rig.ts'
import { leasePath } from './record.ts'

/** The offline lease of a whole console (ACC-8), on a clock that a test sets. */

const day = 86_400_000
let rig: Rig
let clock: FakeClock

const cachePath = (): string => join(rig.lock.path, rig.account, 'cache.db')
const cacheKey = (): Uint8Array | undefined => rig.vault.keys.get(`cache-${rig.account}`)
const start = (): Promise<void> => rig.start(rig.service.url, { ...realSystem, clock })
const locked = async (): Promise<boolean | undefined> => {
  const session = await rig.now('session')
  return session.state === 'signedIn' ? session.tenants[0]?.locked : undefined
}

/** Synced under a lease of one day, with a command that was not sent, and off the network. */
beforeEach(async () => {
  rig = await Rig.make()
  clock = new FakeClock(Date.now())
  rig.service.put('tenant', { id: tenantId, name: 'Contoso', offlineLeaseDays: 1 } as never)
  await start()
  await rig.live()
  await rig.bridge.call('sync.workOffline', { on: true })
  await rig.submit('typed in the basement')
  expect(await rig.names()).toHaveLength(3)
})
afterEach(() => rig.remove())

/** Nothing is shown, and nothing on the disk can be read with any key that is left; what was typed is there. */
async function isLocked(before: Uint8Array | undefined): Promise<void> {
  expect(await locked()).toBe(true)
  expect(await rig.rows()).toEqual([])
  expect(cacheKey()).not.toEqual(before)
  expect((await rig.bridge.call('outbox.list', {})).rows).toMatchObject([{ state: 'pending', command: { text: 'typed in the basement' } }])
}

/** The service is reached: all is there again, and what was typed arrives. */
async function isBack(): Promise<void> {
  await rig.bridge.call('sync.workOffline', { on: false })
  await until('all rooms', async () => (await rig.names()).length === 3)
  await until('unlocked', async () => (await locked()) === false)
  await until('sent', () => rig.service.appliedKeys.size === 1)
}

describe('a console without contact', () => {
  it('shows its copy within the lease, over restarts', async () => {
    await rig.stop()
    clock.shift(day / 2)
    await start()
    expect(await locked()).toBe(false)
    expect(await rig.names()).toHaveLength(3)
  })

  it('locks itself while it runs, keeps what was typed, and is whole again after contact', async () => {
    const before = cacheKey()
    clock.shift(day + 60_000)
    clock.advance(120_000)
    await until('an empty copy', async () => (await locked()) && (await rig.rows().catch(() => ['closing'])).length === 0)
    await isLocked(before)
    await isBack()
  })

  it.each([
    ['its lease ended', () => clock.shift(day + 60_000)],
    ['its clock was turned back', () => clock.shift(-day / 2)],
    ['its record was taken away', () => rmSync(leasePath(cachePath()))],
  ])('is locked at its start where %s', async (_why, meanwhile) => {
    await rig.stop()
    const before = cacheKey()
    meanwhile()
    await start()
    await isLocked(before)
    await rig.stop()
    await start()
    expect(await locked()).toBe(true)
    await isBack()
  })

  it('leaves no record behind when the person signs out', async () => {
    await rig.bridge.call('session.signOut', { unsent: 'keep' })
    expect([existsSync(cachePath()), existsSync(leasePath(cachePath()))]).toEqual([false, false])
  })
})
