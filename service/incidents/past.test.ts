import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry, Incident } from '../../contract/entities.ts'
import { EntryId, IncidentId, PersonId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { IncidentRig } from '../testing/incidents/rig.ts'
import { prunePast } from './past.ts'

let rig: IncidentRig
let room: RoomId

beforeEach(async () => {
  rig = await IncidentRig.open(100 * dayMs, { openHoldMs: 1_000, resolveHoldMs: 1_000 })
  room = await rig.room()
})
afterEach(() => rig.close())

const read = () => rig.read()
const prune = () => prunePast({ store: rig.store, clock: rig.system.clock })

/** The camera, and what follows by itself within ten seconds. */
async function camera(value: 'healthy' | 'unhealthy'): Promise<void> {
  await rig.report(room, { 'peripherals.camera': value })
  await rig.pass(10_000)
}

const incident = (n: number, changedAt: number, status: Incident['status'] = 'resolved'): Incident => ({
  id: IncidentId.parse(v7()),
  number: n + 10,
  room,
  signal: 'audio.speaker',
  severity: 'important',
  status,
  value: 'healthy',
  since: changedAt - 10,
  openings: 1,
  flapping: false,
  changedAt,
})
const entry = (of: Incident, at: number): Entry => ({
  id: EntryId.parse(v7({ msecs: at })),
  incident: of.id,
  room,
  kind: 'comment',
  actor: { kind: 'system' },
  at,
  receivedAt: at,
})

describe('[rule 12] what is over', () => {
  it('leaves the change log a week after it was resolved, with its entries, and is still known', async () => {
    await camera('unhealthy')
    await camera('healthy')
    const [resolved] = await read().list('incident', { limit: 10 })
    expect(resolved?.status).toBe('resolved')
    const entries = await read().list('entry', { limit: 10 })
    rig.now += (kept.resolvedDays - 1) * dayMs
    expect(await prune()).toEqual({ pastIncidents: 0, pastEntries: 0, deletedEntries: 0 })
    rig.now += 1.1 * dayMs
    const seq = await read().lastSeq()
    expect(await prune()).toEqual({ pastIncidents: 1, pastEntries: entries.length, deletedEntries: 0 })
    const told = await read().changesAfter(seq, 100)
    expect(told.map(({ id, body }) => [id, body])).toEqual([...entries, resolved].map((gone) => [gone?.id, null]))
    expect(await read().list('incident', { limit: 10 })).toEqual([])
    expect(await read().list('incident', { limit: 10, past: true })).toEqual([resolved])
    expect(await read().list('entry', { limit: 10, past: true, states: [resolved?.id ?? ''] })).toEqual(entries)
    expect(await prune()).toEqual({ pastIncidents: 0, pastEntries: 0, deletedEntries: 0 })
  })

  it('[INC-2] comes back under its number with the fault, and with its last comment, but without what is over of its history', async () => {
    await camera('unhealthy')
    await camera('healthy')
    const [before] = await read().list('incident', { limit: 10 })
    const lastComment = { by: { id: PersonId.parse(v7()), name: 'Amélie' }, at: rig.now, text: 'The cable.' }
    await rig.write(async (tx) => tx.put('incident', { ...(before ?? incident(1, rig.now)), lastComment }))
    rig.now += 8 * dayMs
    await prune()
    await camera('unhealthy')
    const live = await read().list('incident', { limit: 10 })
    expect(live).toMatchObject([{ id: before?.id, number: before?.number, status: 'needAction', openings: 2, lastComment }])
    expect((await read().list('entry', { limit: 10 })).map(({ kind }) => kind)).toEqual(['investigating', 'opened'])
    expect(await read().tables.pastDocument().select('kind').distinct().execute()).toEqual([{ kind: 'entry' }])
  })

  it('leaves what somebody still does something with, and the opening at hand however long it lasts', async () => {
    const old = rig.now - 9 * dayMs
    const [open, commented] = [incident(1, old, 'needAction'), incident(2, rig.now)]
    const [first, ofOpening] = [entry(open, open.since - 1), entry(open, open.since)]
    const [said, before] = [entry(commented, rig.now), entry(commented, commented.since - 8 * dayMs)]
    await rig.write(async (tx) => {
      for (const doc of [open, commented]) tx.put('incident', doc)
      for (const doc of [first, ofOpening, said, before]) tx.put('entry', doc)
    })
    expect(await prune()).toEqual({ pastIncidents: 0, pastEntries: 2, deletedEntries: 0 })
    expect((await read().list('entry', { limit: 10 })).map(({ id }) => id).sort()).toEqual([ofOpening.id, said.id].sort())
  })

  it('goes in parts, with others writing in between, however much there is', async () => {
    const many = limits.retiredTogether * 2 + 10
    const old = rig.now - 30 * dayMs
    const docs = Array.from({ length: many }, (_, n) => incident(n, old))
    await rig.write(async (tx) => {
      for (const doc of docs) {
        tx.put('incident', doc)
        tx.put('entry', entry(doc, old))
      }
    })
    expect(await prune()).toEqual({ pastIncidents: many, pastEntries: many, deletedEntries: 0 })
    expect([await read().count('incident'), await read().count('entry')]).toEqual([0, 0])
    expect(await read().count('incident', { past: true, room })).toBe(many)
    rig.now += (kept.pastEntryDays + 1) * dayMs
    expect(await prune()).toEqual({ pastIncidents: 0, pastEntries: 0, deletedEntries: many })
    expect(await read().count('incident', { past: true })).toBe(many)
  })
})
