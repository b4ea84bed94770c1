import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CommandKey, PersonId, type TenantId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { settle } from '../../../contract/testing/wait.ts'
import { checkChain, chainSource } from '../../audit/check.ts'
import { makeOrganisations, type Organisations } from '../../testing/directory/organisations.ts'
import type { Who } from '../caller.ts'
import type { AuditRecord } from '../store/transaction.ts'
import { Refusals } from './refusals.ts'

let made: Organisations
let refusals: Refusals
let now: number
beforeEach(async () => {
  now = Date.UTC(2026, 5, 1, 8)
  made = await makeOrganisations(() => now)
  refusals = new Refusals({ store: made.store, ...systemAt(() => now), log: pino({ level: 'silent' }) })
})
afterEach(async () => {
  await refusals.stop()
  await made.close()
})

const person = (tenant: TenantId, name = 'Ada'): Who => {
  const id = PersonId.parse(v7())
  return { tenant, person: id, doer: { kind: 'person', id, name, userId: name, userTenantId: 'contoso' } }
}
const refusal = (objectName: string, code = 'access.denied', more: Record<string, unknown> = {}): AuditRecord => ({
  category: 'Command',
  objectName,
  operation: 'Update',
  resultStatus: 'Failed',
  detail: { action: 'access.ask', code, ...more },
})

async function records(tenant = made.contoso) {
  const rows = await made.store
    .read(tenant, 'wholeTenant')
    .tables.audit()
    .selectAll()
    .where('resultStatus', '=', 'Failed')
    .orderBy('number')
    .execute()
  return rows.map(({ objectName, userId, detail }): unknown => {
    const { action: _action, ...said } = z.looseObject({ action: z.string() }).parse(JSON.parse(detail))
    return { objectName, userId, ...said }
  })
}

describe('[AUD-1] refusals of one person', () => {
  it('[rule 13] that are alike are one record, and one more with their count', async () => {
    const ada = person(made.contoso)
    const since = new Date(now).toISOString()
    for (let tried = 0; tried < 1_850; tried += 1) {
      await refusals.record(ada, refusal('rooms.enrol', 'access.denied', { key: v7() }))
      now += 4
    }
    expect(await records()).toMatchObject([{ objectName: 'rooms.enrol', userId: 'Ada', code: 'access.denied' }])
    await refusals.sweep()
    expect(await records()).toHaveLength(1)
    const until = new Date(now - 4).toISOString()
    now += limits.refusedEntriesMs
    await refusals.sweep()
    await refusals.sweep()
    expect((await records())[1]).toEqual({ objectName: 'rooms.enrol', userId: 'Ada', code: 'access.denied', count: 1_850, since, until })
    expect(await records()).toHaveLength(2)
    expect(await checkChain(chainSource(made.store.read(made.contoso, 'wholeTenant').tables, settle), now)).toMatchObject({ broken: null })
  })

  it('of another kind, of another person or in another tenant are their own', async () => {
    const ada = person(made.contoso)
    for (const who of [ada, person(made.contoso, 'Bela'), { ...ada, tenant: made.fabrikam }]) {
      for (const [name, code] of [
        ['rooms.enrol', 'access.denied'],
        ['rooms.enrol', 'access.outOfScope'],
        ['role.save', 'access.denied'],
      ] as const)
        await refusals.record(who, refusal(name, code))
    }
    expect(await records()).toHaveLength(6)
    expect(await records(made.fabrikam)).toHaveLength(3)
  })

  it('once have no count after them, and begin anew when their time is over', async () => {
    const ada = person(made.contoso)
    await refusals.record(ada, refusal('rooms.enrol'))
    now += limits.refusedEntriesMs
    await refusals.record(ada, refusal('rooms.enrol'))
    await refusals.record(ada, refusal('rooms.enrol'))
    now += limits.refusedEntriesMs
    await refusals.record(ada, refusal('rooms.enrol'))
    expect(await records()).toMatchObject([{ code: 'access.denied' }, { code: 'access.denied' }, { count: 2 }, { code: 'access.denied' }])
  })

  it('in more ways than are told apart are counted together', async () => {
    const ada = person(made.contoso)
    for (let tried = 0; tried < limits.refusedEntries + 500; tried += 1)
      await refusals.record(ada, refusal('GET /v1/me', 'access.denied', { tenant: v7() }))
    expect(await records()).toHaveLength(limits.refusedEntries + 1)
    await refusals.stop()
    expect((await records()).slice(limits.refusedEntries)).toMatchObject([
      { objectName: 'GET /v1/me' },
      { objectName: '', code: 'access.denied', count: 500 },
    ])
  })

  it('are written with what belongs to them, each time', async () => {
    const ada = person(made.contoso)
    const keys = [v7(), v7(), v7()]
    for (const id of keys) {
      await refusals.record(ada, refusal('rooms.enrol'), async (tx) => {
        await tx.insert.commandOutcome({ person: ada.person, key: CommandKey.parse(id), digest: '', outcome: '{}', at: tx.at }).execute()
      })
    }
    const outcomes = await made.store.read(made.contoso, 'wholeTenant').tables.commandOutcome().select('key').orderBy('key').execute()
    expect(outcomes.map(({ key }) => String(key))).toEqual([...keys].sort())
    expect(await records()).toHaveLength(1)
  })

  it('that could not be written are written the next time, and lost counts are kept', async () => {
    const ada = person(made.contoso)
    const fails = async (): Promise<never> => {
      throw new Error('the disk is full')
    }
    await expect(refusals.record(ada, refusal('rooms.enrol'), fails)).rejects.toThrow('the disk is full')
    await refusals.record(ada, refusal('rooms.enrol'))
    expect(await records()).toHaveLength(1)
  })
})

it('[rule 9] kinds of all people are bounded: the oldest are recorded early', async () => {
  await refusals.stop()
  refusals = new Refusals({ store: made.store, ...systemAt(() => now), log: pino({ level: 'silent' }), most: 20 })
  const ada = person(made.contoso)
  await refusals.record(ada, refusal('rooms.enrol'))
  await refusals.record(ada, refusal('rooms.enrol'))
  for (let others = 0; others < 19; others += 1) await refusals.record(person(made.fabrikam), refusal('rooms.enrol'))
  expect(await records()).toHaveLength(1)
  await refusals.record(person(made.fabrikam), refusal('rooms.enrol'))
  expect((await records())[1]).toMatchObject({ count: 2, userId: 'Ada' })
})
