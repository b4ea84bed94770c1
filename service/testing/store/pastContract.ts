import { describe, expect, it } from 'vitest'
import type { Incident } from '../../../contract/entities.ts'
import type { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import { incident, nobody, nothing, other, reach, roomA, roomB, tenantId } from './under.ts'

/** The suite's store, opened anew for each test. */
interface Under {
  store(): Store
  setNow(at: number): void
  reopen(): Promise<void>
}

/** What every store does with what leaves its change log, and with what says that something is gone. */
export function pastContract({ store, setNow, reopen }: Under): void {
  describe('[rule 12] what was removed', () => {
    const write = (doc: Incident) => store().write(tenantId, system, async (tx) => tx.put('incident', doc))
    const remove = ({ id }: Incident) => store().write(tenantId, system, (tx) => tx.remove('incident', id))
    const holds = async (seq: number): Promise<boolean> => {
      const lineage = await store().lineage(tenantId)
      return lineage.holds(lineage.at(seq), await store().read(tenantId, 'wholeTenant').lastSeq())
    }

    it('is told from its moment on, and then no more: a copy that has not heard of it is taken for old', async () => {
      const docs = [1, 2, 3].map((number) => incident(roomA, number))
      for (const doc of docs) await write(doc)
      for (const [n, doc] of docs.slice(0, 2).entries()) {
        setNow(2_000 + n * 1_000)
        await remove(doc)
      }
      const before = await store().read(tenantId, 'wholeTenant').lastSeq()
      expect(await holds(before - 2)).toBe(true)
      expect(await store().prune({ ...nothing, removals: 2_500 })).toEqual({ ...nothing, audit: 0, removals: 1 })
      expect((await store().read(tenantId, 'wholeTenant').changesAfter(0, 10)).filter(({ body }) => body === null)).toHaveLength(1)
      expect([await holds(before - 2), await holds(before - 1), await holds(before)]).toEqual([false, true, true])
      await reopen()
      expect([await holds(before - 2), await holds(before - 1), await holds(before)]).toEqual([false, true, true])
      expect(await store().prune({ ...nothing, removals: 2_500 })).toEqual({ ...nothing, audit: 0 })
    })

    it('is deleted in parts, and each tenant says for itself from where on it knows its changes', async () => {
      const docs = Array.from({ length: 5_100 }, (_, n) => incident(roomA, n + 1))
      await store().write(tenantId, system, async (tx) => docs.forEach((doc) => tx.put('incident', doc)))
      await store().write(tenantId, system, async (tx) => {
        for (const { id } of docs) await tx.remove('incident', id)
      })
      expect(await store().prune({ ...nothing, removals: 10_000 })).toMatchObject({ removals: 5_000 })
      expect(await store().prune({ ...nothing, removals: 10_000 })).toMatchObject({ removals: 100 })
      expect(await holds(1)).toBe(false)
      const lineage = await store().lineage(other)
      expect(lineage.holds(lineage.at(0), 1)).toBe(true)
    })
  })

  describe('[rule 12] a document that has left the change log', () => {
    const read = () => store().read(tenantId, 'wholeTenant')
    const known = async (states?: string[]) =>
      (await read().list('incident', { limit: 10, past: true, ...(states && { states }) })).map(({ number }) => number)

    it('is told to be gone, and still read by id and in lists that ask for it', async () => {
      const [one, two, three] = [incident(roomA, 1, 'resolved'), incident(roomB, 2, 'resolved'), incident(roomA, 3)]
      await store().write(tenantId, system, async (tx) => [one, two, three].forEach((doc) => tx.put('incident', doc)))
      await store().write(tenantId, system, async (tx) => {
        tx.retire('incident', two)
        expect((await tx.getMany('incident', [one.id, two.id])).has(one.id)).toBe(true)
      })
      expect((await read().changesAfter(4, 10)).map(({ id, room, body }) => ({ id, room, body }))).toEqual([
        { id: two.id, room: roomB, body: null },
      ])
      expect(await read().get('incident', two.id)).toEqual(two)
      expect((await read().list('incident', { limit: 10 })).map(({ number }) => number)).toEqual([1, 3])
      expect([await known(), await known(['resolved'])]).toEqual([
        [1, 2, 3],
        [1, 2],
      ])
      expect([await read().count('incident'), await read().count('incident', { past: true, room: roomB })]).toEqual([2, 1])
      expect((await read().page('incident', '', 10)).map(({ id }) => id)).toEqual([one.id, three.id])
      const last = await read().list('incident', { limit: 2, past: true, descending: true })
      const first = await read().list('incident', { limit: 2, past: true, descending: true, after: last.at(-1)?.id ?? '' })
      expect([...last, ...first].map(({ number }) => number)).toEqual([3, 2, 1])
    })

    it('is live again where a write puts it, and nothing of it stays behind', async () => {
      const doc = incident(roomA, 1, 'resolved')
      await store().write(tenantId, system, async (tx) => tx.put('incident', doc))
      await store().write(tenantId, system, async (tx) => tx.retire('incident', doc))
      await store().write(tenantId, system, async (tx) => {
        expect((await tx.getLive('incident', [doc.id])).size).toBe(0)
        expect(await tx.get('incident', doc.id)).toEqual(doc)
        tx.put('incident', { ...doc, status: 'needAction' })
      })
      expect(await read().list('incident', { limit: 10, past: true })).toEqual([{ ...doc, status: 'needAction' }])
      expect((await read().changesAfter(0, 10)).map(({ kind, rev }) => [kind, rev])).toEqual([
        ['tenant', 1],
        ['incident', 3],
      ])
      expect(await read().tables.pastDocument().select('id').execute()).toEqual([])
    })

    it('[rule 12] finds what has left the change log under the same scope', async () => {
      const [mine, theirs] = [incident(roomA, 1, 'resolved'), incident(roomB, 2, 'resolved')]
      await store().write(tenantId, system, async (tx) => [mine, theirs].forEach((doc) => tx.put('incident', doc)))
      await store().write(tenantId, system, async (tx) => [mine, theirs].forEach((doc) => tx.retire('incident', doc)))
      const read = store().read(tenantId, reach)
      expect(await read.list('incident', { limit: 10, past: true })).toEqual([mine])
      expect(await read.list('incident', { limit: 10, past: true, room: roomB })).toEqual([])
      expect(await read.count('incident', { past: true })).toBe(1)
      expect([await read.get('incident', mine.id), await read.get('incident', theirs.id)]).toEqual([mine, undefined])
      expect(await store().read(tenantId, nobody).get('incident', mine.id)).toBeUndefined()
      expect(await store().read(other, 'wholeTenant').get('incident', mine.id)).toBeUndefined()
    })
  })
}
