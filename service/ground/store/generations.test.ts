import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TenantId } from '../../../contract/ids.ts'
import { kept } from '../../../contract/retention.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { schema } from '../../schema.ts'
import { inProcessBus } from '../bus.ts'
import { Lineage, type Position } from './generations.ts'
import { Store } from './store.ts'
import { system } from './transaction.ts'

let folder: string
let store: Store
const tenant = TenantId.parse(v7())
const path = (): string => join(folder, 'service.db')
const open = async (): Promise<void> => {
  const bus = inProcessBus((error) => {
    throw error
  })
  store = await Store.open({ schema, path: path(), bus, ...systemAt(() => 5) })
}
const write = (name: string) => store.write(tenant, system, async (tx) => tx.put('tenant', { id: tenant, name }))
const here = async (): Promise<Position> => (await store.lineage(tenant)).at(await store.read(tenant, 'wholeTenant').lastSeq())
const holds = async (position: Position) => (await store.lineage(tenant)).holds(position, await store.read(tenant, 'wholeTenant').lastSeq())
const again = async (between: () => void = () => undefined): Promise<void> => {
  await store.close()
  between()
  await open()
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-generations-'))
  await open()
  await store.createTenant({ id: tenant, name: 'T', issuer: 'i', directory: 'd' }, system, async () => undefined)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

describe('[CON-2] a position in the changes of a tenant', () => {
  it('stays good over any number of starts, whether or not they write', async () => {
    const first = await here()
    await again()
    expect(await here()).toEqual(first)
    await write('A')
    const second = await here()
    await again()
    await write('B')
    for (const position of [first, second, await here()]) expect(await holds(position)).toBe(true)
  })

  it.each([0, 1, 2, 5])('is none of data that was put back and changed %d times since, however that was done', async (changes) => {
    const copy = join(folder, 'copy.db')
    await write('kept')
    const kept = await here()
    await again(() => copyFileSync(path(), copy))
    await write('lost')
    await write('lost too')
    const lost = await here()
    await again(() => copyFileSync(copy, path()))
    for (let n = 0; n < changes; n++) await write(`other ${n}`)
    expect(await holds(lost)).toBe(false)
    expect(await holds({ ...lost, seq: kept.seq + 1 })).toBe(false)
    expect(await holds(kept)).toBe(true)
    expect(await holds(await here())).toBe(true)
  })

  it('is good in the middle of a run that was copied, up to the copy', async () => {
    const lineage = new Lineage([
      { id: 'a', fromSeq: 0 },
      { id: 'b', fromSeq: 50 },
    ])
    expect([50, 51, 80].map((seq) => lineage.holds({ seq, generation: 'a' }, 90))).toEqual([true, false, false])
    expect([50, 90, 91].map((seq) => lineage.holds({ seq, generation: 'b' }, 90))).toEqual([true, true, false])
    expect(lineage.holds({ seq: 1, generation: '' }, 90)).toBe(false)
  })

  it('is forgotten after so many generations', async () => {
    const first = await here()
    await store.writeService(async (db) => {
      const rows = Array.from({ length: kept.generations }, (_, n) => ({ tenant, fromSeq: 10 + n, id: `g${n}` }))
      await db
        .withTables<{ generation: { tenant: TenantId; fromSeq: number; id: string } }>()
        .insertInto('generation')
        .values(rows)
        .execute()
      await db.withTables<{ tenant: { lastSeq: number } }>().updateTable('tenant').set({ lastSeq: 10_000 }).execute()
    })
    await again()
    expect(await holds(first)).toBe(true)
    await write('A')
    await again()
    expect(await holds(first)).toBe(false)
    expect(await holds(await here())).toBe(true)
  })
})
