import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import { openTestCache, type TestCache } from '../testing/cache.ts'
import { idOf, makeEntry, makeIncident, makeMe, makeRoom, rowOf } from '../testing/documents.ts'
import { Past } from './past.ts'

const room = RoomId.parse(idOf('room', 1))
const [live, old, older] = [1, 2, 3].map((n) => makeIncident(n, 1, { status: 'resolved', changedAt: 10 - n }))

let cache: TestCache
let past: Past
let asked: string[]
/** What the service answers, page by page, or why not. */
let answers: unknown[]
let refuses: ErrorCode | undefined

beforeEach(() => {
  cache = openTestCache()
  asked = []
  refuses = undefined
  past = new Past({
    reader: cache.reader,
    client: {
      json: async (schema, { path }) => {
        asked.push(path)
        if (refuses !== undefined) throw new RoomkeeperError(refuses)
        return schema.parse(answers.shift())
      },
    },
  })
})
afterEach(() => cache.remove())

it('[rule 12] an incident that the copy has let go is asked of the service, which says none of what may not be seen', async () => {
  answers = [old]
  expect(await past.incident(IncidentId.parse(old?.id))).toEqual(old)
  refuses = 'access.outOfScope'
  expect(await past.incident(IncidentId.parse(old?.id))).toBeUndefined()
  refuses = 'network.offline'
  await expect(past.incident(IncidentId.parse(old?.id))).rejects.toMatchObject({ code: 'network.offline' })
})

it('[rule 12] of a room, those come that are not here, the newest first', async () => {
  cache.fill([rowOf('me', makeMe()), rowOf('room', makeRoom(1)), rowOf('incident', live ?? expect.fail())], 'c0')
  answers = [{ items: [older, live, old], total: 3 }]
  expect((await past.ofRoom(room)).map(({ id }) => id)).toEqual([old?.id, older?.id])
  expect(asked[0]).toBe(`/v1/incidents?room=${room}&status=resolved&limit=500`)
})

it('[rule 12] a page of history leaves out what is here, and goes on where nothing is left of it', async () => {
  const incident = live ?? expect.fail()
  const [here, also, gone, last] = [1, 2, 3, 4].map((n) => makeEntry(n, incident))
  cache.fill([rowOf('me', makeMe()), rowOf('incident', incident), ...[here, also].map((one) => rowOf('entry', one ?? expect.fail()))], 'c0')
  answers = [
    { items: [here], total: 4, next: here?.id },
    { items: [also, gone], total: 4, next: gone?.id },
    { items: [last], total: 4 },
  ]
  const page = await past.entries(incident.id, undefined)
  expect(page).toMatchObject({ items: [{ id: gone?.id }], next: gone?.id })
  expect(await past.entries(incident.id, page.next)).toMatchObject({ items: [{ id: last?.id }] })
  expect(asked).toEqual(
    ['', `&after=${here?.id}`, `&after=${gone?.id}`].map((after) => `/v1/incidents/${incident.id}/entries?limit=100${after}`),
  )
})
