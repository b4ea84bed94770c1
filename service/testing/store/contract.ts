import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandKey, PersonId, type TenantId } from '../../../contract/ids.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { settle } from '../../../contract/testing/wait.ts'
import { chainSource, checkChain } from '../../audit/check.ts'
import { type BusTopics, inProcessBus } from '../../ground/bus.ts'
import type { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import { pastContract } from './pastContract.ts'
import { incident, nobody, nothing, other, reach, roomA, roomB, settings, type StoreUnderTest, tenantId } from './under.ts'

/** What every store does, whatever keeps its data: an adapter runs all of it, in a file that registers it. */
export function storeContract(name: string, make: () => StoreUnderTest): void {
  describe(name, () => {
    let data: StoreUnderTest
    let store: Store
    let published: BusTopics['changes'][]
    let now = 1_000

    async function open(): Promise<Store> {
      const bus = inProcessBus((error) => {
        throw error
      })
      bus.subscribe('changes', (message) => published.push(message))
      return data.open({ bus, ...systemAt(() => now) })
    }

    beforeEach(async () => {
      data = make()
      published = []
      now = 1_000
      store = await open()
      for (const id of [tenantId, other]) {
        await store.createTenant({ id, name: 'T', issuer: 'i', directory: id }, system, async () => undefined)
      }
    })
    afterEach(async () => {
      await store.close()
      await data.remove()
    })

    describe('[rule 2] a write', () => {
      it('gives gapless sequences per tenant and one revision more per change', async () => {
        await store.write(tenantId, system, async (tx) => tx.put('settings', settings(1)))
        await store.write(other, system, async (tx) => tx.put('settings', settings(1, other)))
        await store.write(tenantId, system, async (tx) => {
          tx.put('settings', settings(2))
          tx.put('incident', incident(roomA, 1))
        })
        const rows = await store.read(tenantId, 'wholeTenant').changesAfter(0, 10)
        expect(rows.map(({ kind, seq, rev }) => [kind, seq, rev])).toEqual([
          ['tenant', 1, 1],
          ['settings', 3, 2],
          ['incident', 4, 1],
        ])
        expect(await store.read(tenantId, 'wholeTenant').lastSeq()).toBe(4)
        expect(await store.read(other, 'wholeTenant').lastSeq()).toBe(2)
      })

      it('publishes after the commit, in order, what it changed', async () => {
        published = []
        await store.write(tenantId, system, async (tx) => tx.put('settings', settings(5)))
        expect(published).toEqual([
          {
            tenant: tenantId,
            upTo: 2,
            rows: [expect.objectContaining({ kind: 'settings', rev: 1, seq: 2, body: JSON.stringify(settings(5)) })],
          },
        ])
      })

      it('[CON-2] says what is other than in the document before, where consoles have that one', async () => {
        const [doc, again] = [incident(roomA, 1), incident(roomA, 2)]
        const open = { ...doc, flapping: true }
        const over = { ...doc, number: 3, status: 'resolved' as const }
        await store.write(tenantId, system, async (tx) => tx.put('incident', doc))
        published = []
        await store.write(tenantId, system, async (tx) => {
          tx.put('incident', open, doc)
          tx.put('incident', again)
          // Of one write, what is told is other than before all of it.
          tx.put('incident', over, open)
          tx.put('incident', { ...again, number: 4 }, again)
        })
        await store.write(tenantId, system, async (tx) => {
          await tx.remove('incident', doc.id)
          tx.put('incident', doc, over)
        })
        await store.write(tenantId, system, async (tx) => tx.retire('incident', again))
        await store.write(tenantId, system, async (tx) => tx.put('incident', again, await tx.get('incident', again.id)))
        const told = published.flatMap(({ rows }) =>
          rows.map(({ id, difference }) => [id, difference && (JSON.parse(difference) as unknown)]),
        )
        expect(told).toEqual([
          [doc.id, { number: 3, status: 'resolved' }],
          [again.id, null],
          [doc.id, null],
          [again.id, null],
          [again.id, null],
        ])
      })

      it('changes, counts and says nothing where it fails', async () => {
        published = []
        const failing = store.write(tenantId, system, async (tx) => {
          tx.put('settings', settings(1))
          await tx.nextIncidentNumber()
          tx.publish('scope', { tenant: tenantId, person: PersonId.parse(v7()), version: 1 })
          throw new Error('no')
        })
        await expect(failing).rejects.toThrow('no')
        expect(published).toEqual([])
        expect(await store.read(tenantId, 'wholeTenant').lastSeq()).toBe(1)
        expect(await store.write(tenantId, system, (tx) => tx.nextIncidentNumber())).toBe(1)
      })

      it('reads what it put and removed before', async () => {
        const kept = incident(roomA, 1)
        const gone = incident(roomA, 2)
        await store.write(tenantId, system, async (tx) => tx.put('incident', gone))
        await store.write(tenantId, system, async (tx) => {
          tx.put('incident', kept)
          await tx.remove('incident', gone.id)
          expect(await tx.get('incident', gone.id)).toBeUndefined()
          expect(await tx.ofRoom('incident', roomA)).toEqual([kept])
          expect(await tx.ofRoom('incident', roomA, ['resolved'])).toEqual([])
        })
        const rows = await store.read(tenantId, 'wholeTenant').changesAfter(2, 10)
        expect(rows.map(({ id, body }) => [id, body === null])).toEqual([
          [kept.id, false],
          [gone.id, true],
        ])
        expect(rows[1]?.room).toBe(roomA)
      })

      it('takes several tenants into one commit, and more rows than one statement holds', async () => {
        const many = Array.from({ length: 1_300 }, (_, i) => incident(roomA, i + 1))
        await store.writeMany(system, async (on) => {
          for (const doc of many) on(tenantId).put('incident', doc)
          on(other).put('settings', settings(1, other))
        })
        expect(await store.read(tenantId, 'wholeTenant').count('incident')).toBe(1_300)
        expect((await store.read(tenantId, 'wholeTenant').changesAfter(0, 5_000)).map((row) => row.seq)).toEqual(
          Array.from({ length: 1_301 }, (_, i) => i + 1),
        )
        expect(await store.read(other, 'wholeTenant').lastSeq()).toBe(2)
      })

      it('gives incident numbers without gaps per tenant', async () => {
        expect(await store.write(tenantId, system, (tx) => tx.nextIncidentNumber(3))).toBe(1)
        expect(await store.write(tenantId, system, (tx) => tx.nextIncidentNumber())).toBe(4)
        expect(await store.write(other, system, (tx) => tx.nextIncidentNumber())).toBe(1)
      })

      it('is still there after the store is opened again', async () => {
        await store.write(tenantId, system, async (tx) => tx.put('settings', settings(7)))
        await store.close()
        store = await open()
        expect(await store.read(tenantId, 'wholeTenant').get('settings', tenantId)).toEqual(settings(7))
      })
    })

    describe('pruning', () => {
      it('deletes outcomes and receipts from before their moment, and nothing else', async () => {
        const person = PersonId.parse(v7())
        const keep = async (at: number, tenant = tenantId) => {
          now = at
          const key = CommandKey.parse(v7())
          await store.write(tenant, system, async (tx) => {
            await tx.insert.commandOutcome({ person, key, digest: 'd', outcome: '{}', at }).execute()
            tx.put('receipt', { id: key, person, at })
          })
        }
        for (const at of [100, 200, 300]) await keep(at)
        await keep(100, other)
        expect(await store.prune({ ...nothing, outcomes: 300 })).toEqual({ ...nothing, audit: 0, outcomes: 3 })
        const read = store.read(tenantId, 'wholeTenant')
        expect(await read.count('receipt')).toBe(1)
        expect(await read.get('tenant', tenantId)).toBeDefined()
      })
    })

    pastContract({
      store: () => store,
      setNow: (at) => (now = at),
      reopen: async () => {
        await store.close()
        store = await open()
      },
    })

    describe('pruning of outcomes', () => {
      it('[CON-3] keeps the newer one of two people who happen to have sent the same key', async () => {
        const [first, second] = [PersonId.parse(v7()), PersonId.parse(v7())]
        const key = CommandKey.parse(v7())
        for (const [at, person] of [
          [100, first],
          [400, second],
        ] as const) {
          now = at
          await store.write(tenantId, system, async (tx) => {
            await tx.insert.commandOutcome({ person, key, digest: 'd', outcome: '{}', at }).execute()
          })
        }
        expect(await store.prune({ ...nothing, outcomes: 300 })).toMatchObject({ outcomes: 1 })
        const left = await store.read(tenantId, 'wholeTenant').tables.commandOutcome().select('person').execute()
        expect(left).toEqual([{ person: second }])
      })
    })

    describe('[AUD-1] pruning of the audit log', () => {
      const dayMs = 24 * 3_600_000
      const start = Date.UTC(2026, 0, 1)
      const prune = async (day: number) => {
        now = start + day * dayMs
        return (await store.prune(nothing)).audit
      }
      const write = (day: number, tenant = tenantId) => {
        now = start + day * dayMs
        return store.write(tenant, system, async (tx) =>
          tx.audit({ category: 'Audit', objectName: String(day), operation: 'Create', detail: { action: 'audit.export' } }),
        )
      }
      const names = async (tenant = tenantId) =>
        (await store.read(tenant, 'wholeTenant').tables.audit().select('objectName').orderBy('number').execute()).map(
          (row) => row.objectName,
        )
      const check = (tenant = tenantId) => checkChain(chainSource(store.read(tenant, 'wholeTenant').tables, settle), now)

      it('deletes what is older than 180 days, once a day, and the chain tells of it', async () => {
        for (let day = 0; day < 10; day += 1) await write(day)
        await write(5, other)
        expect(await prune(180)).toBe(0)
        expect(await prune(183)).toBe(2)
        expect(await names()).toEqual(['2', '3', '4', '5', '6', '7', '8', '9', 'Audit log'])
        expect(await check()).toMatchObject({ broken: null, records: 9 })
        // Half a day later nothing has to go yet.
        expect(await prune(183.5)).toBe(0)
        expect(await prune(185)).toBe(2)
        expect(await names()).toEqual(['4', '5', '6', '7', '8', '9', 'Audit log', 'Audit log'])
        expect(await names(other)).toEqual(['5'])
        expect([await check(), await check(other)]).toMatchObject([{ broken: null }, { broken: null }])
      })

      it('goes on when nothing else is written, and leaves what tells of it', async () => {
        await write(0)
        await write(1)
        for (const day of [200, 400, 600]) {
          expect(await prune(day)).toBe(1)
          expect((await names()).slice(1)).toEqual(['Audit log'])
          expect(await check()).toMatchObject({ broken: null, records: 2 })
        }
      })

      it('leaves nothing in which a record could be slipped in unseen', async () => {
        for (let day = 0; day < 6; day += 1) await write(day)
        await prune(183)
        expect(await check()).toMatchObject({ broken: null, records: 5 })
        for (const [number, broken] of [
          [-1, 3],
          [1, 3],
          [8, 8],
          [1_000, 8],
        ] as const) {
          const columns = 'tenant, at, category, "objectName", operation, "resultStatus", "userId", "userTenantId", actor, detail, hash'
          const copied = `insert into audit (${columns}, id, number) select ${columns}, ?, ? from audit where tenant = ? and number = 4`
          await data.run(copied, v7(), number, tenantId)
          expect(await check()).toMatchObject({ broken })
          await data.run('delete from audit where number = ?', number)
        }
        expect(await check()).toMatchObject({ broken: null })
      })

      it('of a backup that was put back late deletes much at once, and fits', async () => {
        for (let day = 0; day < 5; day += 1) await write(day)
        expect(await check()).toMatchObject({ broken: null })
        expect(await prune(1_000)).toBe(4)
        expect(await names()).toEqual(['4', 'Audit log'])
        expect(await check()).toMatchObject({ broken: null, records: 2 })
      })
    })

    describe('[rule 3] a read for a person', () => {
      it('finds only what lies within the scope, and cannot tell the rest from what is absent', async () => {
        const mine = incident(roomA, 1)
        const theirs = incident(roomB, 2)
        await store.write(tenantId, system, async (tx) => {
          tx.put('incident', mine)
          tx.put('incident', theirs)
          tx.put('settings', settings(1))
          tx.put('receipt', { id: CommandKey.parse(v7()), person: PersonId.parse(v7()), at: 1 })
        })
        const read = store.read(tenantId, reach)
        expect(await read.list('incident', { limit: 10 })).toEqual([mine])
        expect(await read.count('incident')).toBe(1)
        expect(await read.list('incident', { limit: 10, room: roomB })).toEqual([])
        expect(await read.get('incident', theirs.id)).toBeUndefined()
        expect(await read.get('settings', tenantId)).toBeUndefined()
        expect(await read.list('receipt', { limit: 10 })).toEqual([])
        expect((await read.page('incident', '', 10)).map((row) => row.id)).toEqual([mine.id])
        expect(await store.read(tenantId, nobody).list('incident', { limit: 10 })).toEqual([])
        expect(await store.read(tenantId, nobody).get('tenant', tenantId)).toEqual({ id: tenantId, name: 'T' })
        expect(await store.read(other, reach).list('incident', { limit: 10 })).toEqual([])
      })

      it('pages by id with a filter', async () => {
        const docs = [1, 2, 3, 4].map((n) => incident(roomA, n, n % 2 ? 'resolved' : 'needAction'))
        await store.write(tenantId, system, async (tx) => docs.forEach((doc) => tx.put('incident', doc)))
        const read = store.read(tenantId, reach)
        const first = await read.list('incident', { limit: 1, states: ['resolved'] })
        const second = await read.list('incident', { limit: 5, states: ['resolved'], after: first[0]?.id ?? '' })
        expect([...first, ...second].map((doc) => doc.number)).toEqual([1, 3])
      })
    })

    describe('[rule 2] writes and reads at once', () => {
      const holdOf = async (): Promise<number | undefined> =>
        (await store.read(tenantId, 'wholeTenant').get('settings', tenantId))?.openHoldMs

      it('are one after the other, each upon those before it', async () => {
        await store.write(tenantId, system, async (tx) => tx.put('settings', settings(0)))
        published = []
        const more = () =>
          store.write(tenantId, system, async (tx) => {
            const before = await tx.get('settings', tenantId)
            tx.put('settings', settings((before?.openHoldMs ?? 0) + 1))
            return before?.openHoldMs
          })
        expect(await Promise.all(Array.from({ length: 20 }, more))).toEqual(Array.from({ length: 20 }, (_, n) => n))
        expect(await holdOf()).toBe(20)
        expect(published.map(({ upTo }) => upTo)).toEqual(Array.from({ length: 20 }, (_, n) => 3 + n))
      })

      it('show nothing of a write before its commit, nor of one that fails', async () => {
        await store.write(tenantId, system, async (tx) => tx.put('settings', settings(1)))
        const seen: (number | undefined)[] = []
        const failing = store.write(tenantId, system, async (tx) => {
          tx.put('settings', settings(2))
          await tx.insert
            .commandOutcome({ person: PersonId.parse(v7()), key: CommandKey.parse(v7()), digest: 'd', outcome: '{}', at: 1 })
            .execute()
          seen.push(await holdOf())
          throw new Error('no')
        })
        await expect(failing).rejects.toThrow('no')
        seen.push(await holdOf())
        expect(seen).toEqual([1, 1])
        expect(await store.read(tenantId, 'wholeTenant').tables.commandOutcome().select('key').execute()).toEqual([])
      })

      it('go on after one that failed', async () => {
        const [failed, done] = await Promise.allSettled([
          store.write(tenantId, system, () => Promise.reject(new Error('no'))),
          store.write(tenantId, system, async (tx) => tx.put('settings', settings(3))),
        ])
        expect([failed.status, done.status, await holdOf()]).toEqual(['rejected', 'fulfilled', 3])
      })
    })

    describe('[rule 3] a table of tenants', () => {
      const outcome = (key = CommandKey.parse(v7())) => ({ person: PersonId.parse(v7()), key, digest: 'd', outcome: '{}', at: 1 })

      it('is read, changed and emptied within the tenant alone', async () => {
        const key = CommandKey.parse(v7())
        await store.writeMany(system, async (on) => {
          for (const tenant of [tenantId, other]) await on(tenant).insert.commandOutcome(outcome(key)).execute()
        })
        await store.write(tenantId, system, async (tx) => tx.update.commandOutcome().set({ at: 2 }).execute())
        const timesOf = async (tenant: TenantId) =>
          (await store.read(tenant, 'wholeTenant').tables.commandOutcome().select('at').execute()).map(({ at }) => at)
        expect([await timesOf(tenantId), await timesOf(other)]).toEqual([[2], [1]])
        await store.write(tenantId, system, async (tx) => tx.delete.commandOutcome().execute())
        expect([await timesOf(tenantId), await timesOf(other)]).toEqual([[], [1]])
      })
    })
  })
}
