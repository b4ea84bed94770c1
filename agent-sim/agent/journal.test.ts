import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Report } from '../../contract/agent.ts'
import { reportedSignals } from '../../contract/signals.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { JournalStore, JournalStoreError } from './journal-store.ts'
import type { Journal } from './journal.ts'
import type { NewReport } from './report.ts'

let folder: string
let open: JournalStore[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'))
  open = []
})
afterEach(() => {
  for (const store of open) store.close()
  rmSync(folder, { recursive: true, force: true })
})

function openStore(maxReports?: number): JournalStore {
  const options = { file: join(folder, 'journal.db'), system: realSystem, forgetAfterMs: 1 }
  const store = JournalStore.open({ ...options, ...(maxReports === undefined ? {} : { maxReports }) })
  open.push(store)
  return store
}

const report = (observedAt: number): NewReport => ({
  observedAt,
  signals: { 'peripherals.camera': { value: observedAt % 2 ? 'unhealthy' : 'healthy', detail: `at ${observedAt}` } },
})
const full = (observedAt: number): NewReport => ({
  observedAt,
  full: true,
  signals: Object.fromEntries(reportedSignals.map((id) => [id, { value: 'healthy' }])),
  facts: { inCall: false, os: 'first' },
})
const read = (journal: Journal, after = 0, count = 100_000, bytes = Infinity) =>
  journal.read(after, count, bytes).map(({ json }) => Report.parse(JSON.parse(json)))

/** Everything after a number, as a connection reads it: one portion after the other. */
function readAll(journal: Journal, after = 0): Report[] {
  const all: Report[] = []
  for (let part = read(journal, after); part.length > 0; part = read(journal, all.at(-1)?.number)) all.push(...part)
  return all
}

describe('Journal', () => {
  it('numbers reports from 1 without gaps and shows only what is on disk', async () => {
    const journal = openStore().journal('room')
    const first = journal.append(report(1))
    const second = journal.append(report(2))
    expect(read(journal)).toEqual([])
    expect(await Promise.all([first, second])).toEqual([1, 2])
    expect(read(journal)).toEqual([
      { number: 1, ...report(1) },
      { number: 2, ...report(2) },
    ])
  })

  it('has everything again after a crash, without what was acknowledged', async () => {
    const before = openStore()
    const journal = before.journal('room')
    for (let at = 1; at <= 5; at += 1) await journal.append(report(at))
    journal.acknowledge(2)
    before.flush()
    // What a crash leaves: the files as they are, without the store being closed.
    for (const file of readdirSync(folder)) copyFileSync(join(folder, file), join(folder, `crashed-${file}`))
    before.close()
    for (const file of ['journal.db', 'journal.db-wal']) copyFileSync(join(folder, `crashed-${file}`), join(folder, file))

    const after = openStore().journal('room')
    expect(after.id).toBe(journal.id)
    expect(after.acknowledged).toBe(2)
    expect(read(after, 2).map(({ number }) => number)).toEqual([3, 4, 5])
    expect(await after.append(report(6))).toBe(6)
  })

  it('reads within a count and a size, and at least one', async () => {
    const journal = openStore().journal('room')
    for (let at = 1; at <= 10; at += 1) await journal.append(report(at))
    expect(read(journal, 3, 4).map(({ number }) => number)).toEqual([4, 5, 6, 7])
    expect(read(journal, 0, 10, 1)).toHaveLength(1)
    expect(read(journal, 0, 10, 250).length).toBeLessThan(4)
    expect(read(journal, 10)).toEqual([])
  })

  it('reads from the disk what is no longer in memory', async () => {
    const journal = openStore().journal('room')
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => journal.append(report(index + 1))))
    journal.acknowledge(150)
    await journal.append(report(1_001))
    expect(readAll(journal, 150).map(({ observedAt }) => observedAt)).toEqual(Array.from({ length: 851 }, (_, index) => index + 151))
  })

  it('folds the older half into one full report, in a new journal, when it is full', async () => {
    const journal = openStore(1_000).journal('room')
    const before = journal.id
    let renewed = 0
    journal.onRenewed(() => {
      renewed += 1
    })
    await journal.append(full(1))
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => journal.append({ ...report(index + 2), facts: { os: `os ${index + 2}` } })),
    )
    expect(renewed).toBe(1)
    expect(journal.id).not.toBe(before)
    const kept = readAll(journal)
    expect(kept.map(({ number }) => number)).toEqual(Array.from({ length: 502 }, (_, index) => index + 1))
    expect(kept[0]).toMatchObject({ full: true, observedAt: 500, facts: { os: 'os 500', inCall: false } })
    expect(kept[0]?.signals['peripherals.camera']).toEqual({ value: 'healthy', detail: 'at 500' })
    expect(Object.keys(kept[0]?.signals ?? {})).toHaveLength(reportedSignals.length)
    expect(kept.at(-1)?.observedAt).toBe(1_001)
    // The same after a restart.
    open.pop()?.close()
    const again = openStore(1_000).journal('room')
    expect(again.id).toBe(journal.id)
    expect(readAll(again)).toEqual(kept)
  })

  it('stays bounded whatever comes', async () => {
    const journal = openStore(500).journal('room')
    for (let at = 1; at <= 5_000; at += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => journal.append(report(at + more))))
      expect(journal.waiting).toBeLessThanOrEqual(500)
    }
    const kept = readAll(journal)
    expect(kept.map(({ number }) => number)).toEqual(Array.from({ length: journal.last }, (_, index) => index + 1))
    expect(kept.at(-1)?.observedAt).toBe(5_000)
  })

  it('begins anew with what waits, for a service that was set back', async () => {
    const journal = openStore().journal('room')
    for (let at = 1; at <= 6; at += 1) await journal.append(report(at))
    journal.acknowledge(4)
    const before = journal.id
    journal.renew()
    expect(journal.id).not.toBe(before)
    expect(read(journal).map(({ number, observedAt }) => [number, observedAt])).toEqual([
      [1, 5],
      [2, 6],
    ])
    expect(await journal.append(report(7))).toBe(3)
  })

  it('keeps the journals of many devices apart', async () => {
    const store = openStore()
    const rooms = Array.from({ length: 50 }, (_, index) => store.journal(`room ${index}`))
    await Promise.all(rooms.flatMap((journal, index) => [journal.append(report(index + 1)), journal.append(report(1_000 + index))]))
    rooms[3]?.remove()
    expect(read(rooms[4] ?? store.journal('x')).map(({ observedAt }) => observedAt)).toEqual([5, 1_004])
    expect(read(store.journal('room 3'))).toEqual([])
    expect(store.journal('room 3').last).toBe(0)
  })
})

describe('JournalStore', () => {
  it('is used by one process at a time, and says so', () => {
    openStore()
    expect(() => openStore()).toThrow(JournalStoreError)
    expect(() => openStore()).toThrow(/Another agent process/u)
  })

  it('sets a damaged file aside and begins anew', async () => {
    writeFileSync(join(folder, 'journal.db'), 'this is no database, and it is long enough to be read as one'.repeat(100))
    const journal = openStore().journal('room')
    expect(await journal.append(report(1))).toBe(1)
    expect(readdirSync(folder).some((file) => file.includes('damaged'))).toBe(true)
  })

  it('refuses a file of a newer version and leaves it as it is', () => {
    const db = new Database(join(folder, 'journal.db'))
    db.pragma('user_version = 99')
    db.close()
    expect(() => openStore()).toThrow(/newer version/u)
  })

  it('rejects what cannot be written, and gives the number again', async () => {
    const store = openStore()
    const journal = store.journal('room')
    await journal.append(report(1))
    store.close()
    await expect(journal.append(report(2))).rejects.toThrow(JournalStoreError)
  })
})
