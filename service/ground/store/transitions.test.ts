import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PersonId, RoomId } from '../../../contract/ids.ts'
import { dayMs, kept } from '../../../contract/retention.ts'
import { SignalId } from '../../../contract/signals.ts'
import { chance } from '../../../contract/testing/chance.ts'
import { placeOf, type Transition, TransitionKind } from '../../../contract/transitions.ts'
import { makeOrganisations, type Organisations } from '../../testing/directory/organisations.ts'
import { type NewTransition, system } from './transaction.ts'

const [one, other] = [RoomId.parse(v7()), RoomId.parse(v7())]
const person = PersonId.parse(v7())
const may = Date.UTC(2026, 4, 15)
let made: Organisations
beforeEach(async () => {
  made = await makeOrganisations()
})
afterEach(() => made.close())

const note = (...transitions: NewTransition[]) =>
  made.store.write(made.contoso, system, async (tx) => transitions.forEach((transition) => tx.note(transition)))
const seen = (at: number, room = one): NewTransition => ({ room, at, kind: 'connected', actor: { kind: 'system' } })
const read = () => made.store.read(made.contoso, 'wholeTenant')

/** All of a room's history, by pages of so many. */
async function pages(limit: number, query: { from?: number; since?: number } = {}, room = one): Promise<Transition[]> {
  const found: Transition[] = []
  for (let before: string | undefined; ;) {
    const { items, next } = await read().transitions(room, { limit, ...query, ...(before === undefined ? {} : { before }) })
    found.push(...items)
    if (next === undefined) return found
    before = next
  }
}

it('[ROM-2] is read a page at a time, the newest first, over months, with all that was said', async () => {
  const random = chance('transitions')
  const noted: NewTransition[] = []
  for (let n = 0; n < 700; n++) {
    const kind = TransitionKind.options[n % TransitionKind.options.length] ?? 'signal'
    noted.push({
      ...seen(may + Math.floor(random() * 5) * Math.floor(random() * 20 * dayMs), n % 3 === 0 ? other : one),
      kind,
      ...(kind === 'signal' ? { signal: SignalId.options[n % SignalId.options.length] ?? 'audio.speaker', value: 'misconfigured' } : {}),
      ...(kind === 'health' ? { health: 'disconnected' } : {}),
      ...(n % 5 === 0 ? { detail: `It says "${n}"` } : {}),
      ...(kind === 'renamed' ? { actor: { kind: 'person', id: person, name: 'Amélie' } } : {}),
    })
  }
  for (let n = 0; n < noted.length; n += 70) await note(...noted.slice(n, n + 70))
  const all = await pages(500)
  expect(all.map(({ number: _, receivedAt: __, ...said }) => said)).toEqual(
    noted
      .filter(({ room }) => room === one)
      .toReversed()
      .sort((a, b) => b.at - a.at),
  )
  expect(await pages(7)).toEqual(all)
  expect(new Set(all.map(placeOf)).size).toBe(all.length)
  const from = all[100]?.at ?? 0
  expect(await pages(9, { from })).toEqual(all.filter(({ at }) => at >= from))
})

it('[ROM-2] those of one moment stay in their order, in one write and in several', async () => {
  const details = Array.from({ length: 1_200 }, (_, n) => String(n))
  await note(...details.slice(0, 1_100).map((detail) => ({ ...seen(may), detail })))
  for (const detail of details.slice(1_100)) await note({ ...seen(may), detail })
  expect((await pages(500)).map(({ detail }) => detail)).toEqual(details.toReversed())
})

it('[rule 3] belongs to its tenant and room, and is read by who may see the room', async () => {
  await note(seen(may))
  expect(await made.store.read(made.fabrikam, 'wholeTenant').transitions(one, { limit: 9 })).toEqual({ items: [] })
  expect(await pages(9, {}, other)).toEqual([])
})

it('[rule 12] goes by whole months, when the last of a month is over, in steps', async () => {
  const days = (n: number): number => may - n * dayMs
  await note(...Array.from({ length: 12_000 }, (_, n) => seen(days(150) + n)), seen(days(95)), seen(days(1)))
  const prune = () => made.store.prune({ outcomes: 0, removals: 0, transitions: may - kept.transitionDays * dayMs })
  expect([(await prune()).transitions, (await prune()).transitions, (await prune()).transitions]).toEqual([5_000, 5_000, 2_000])
  expect((await prune()).transitions).toBe(0)
  // Of a month that has days to go, all is there.
  expect((await pages(9)).map(({ at }) => at)).toEqual([days(1), days(95)])
})

it('[rule 12] what was deleted leaves the disk', async () => {
  await note(...Array.from({ length: 3_000 }, (_, n) => ({ ...seen(may - 200 * dayMs + n), detail: 'Hush-hush of the board' })))
  const onDisk = () =>
    readdirSync(made.folder).some((name) => name.startsWith('service.db') && readFileSync(join(made.folder, name)).includes('Hush-hush'))
  expect(onDisk()).toBe(true)
  await made.store.prune({ outcomes: 0, removals: 0, transitions: may - kept.transitionDays * dayMs })
  await made.store.emptyLog()
  expect(onDisk()).toBe(false)
})

it('[rule 9] one of them takes about a hundred bytes', async () => {
  const random = chance('sizes')
  const rooms = Array.from({ length: 200 }, () => RoomId.parse(v7()))
  const bytes = async (): Promise<number> => {
    await made.store.emptyLog()
    return statSync(join(made.folder, 'service.db')).size
  }
  const before = await bytes()
  // By time, as they come: of one room and then of another.
  for (let n = 0; n < 20; n++) {
    await note(
      ...Array.from({ length: 1_000 }, (_, step): NewTransition => ({
        ...seen(may + n * 100_000 + step, rooms[Math.floor(random() * rooms.length)]),
        kind: 'signal',
        signal: 'peripherals.camera',
        value: 'unhealthy',
        ...(step % 4 === 0 ? { detail: 'Logitech Rally Bar not found' } : {}),
      })),
    )
  }
  expect(((await bytes()) - before) / 20_000).toBeLessThan(130)
})
