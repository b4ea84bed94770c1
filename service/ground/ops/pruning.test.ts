import { pino } from 'pino'
import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import { CommandKey, PersonId } from '../../../contract/ids.ts'
import { dayMs, kept } from '../../../contract/retention.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { makeOrganisations } from '../../testing/directory/organisations.ts'
import { system } from '../store/transaction.ts'
import { prune } from './pruning.ts'

it('[rule 13] what was kept long enough goes, however much there is of it', async () => {
  const made = await makeOrganisations()
  const now = Date.UTC(2026, 5, 1)
  const person = PersonId.parse(v7())
  const row = (at: number) => ({ person, key: CommandKey.parse(v7()), digest: '', outcome: '{}', at })
  const rows = (count: number, at: number) => Array.from({ length: count }, () => row(at))
  await made.store.write(made.contoso, system, async (tx) => {
    for (let n = 0; n < 13; n++) await tx.insert.commandOutcome(...rows(1_000, now - kept.outcomeDays * dayMs - 1)).execute()
    await tx.insert.commandOutcome(...rows(3, now - kept.outcomeDays * dayMs)).execute()
  })
  await prune([], { store: made.store, ...systemAt(() => now), log: pino({ level: 'silent' }) })
  expect(await made.store.read(made.contoso, 'wholeTenant').tables.commandOutcome().select('key').execute()).toHaveLength(3)
  await made.close()
})
