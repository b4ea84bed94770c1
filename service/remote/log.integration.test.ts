import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PersonId, RoomId, SessionId } from '../../contract/ids.ts'
import { SessionPage } from '../../contract/remote.ts'
import { dayMs } from '../../contract/retention.ts'
import { systemAt, realSystem } from '../../contract/testing/system.ts'
import { inProcessBus } from '../ground/bus.ts'
import { filesOf } from '../ground/config.ts'
import { backup, restore } from '../ground/ops/backup.ts'
import { Store } from '../ground/store/store.ts'
import { schema } from '../schema.ts'
import { makeFolder, removeFolder } from '../testing/process.ts'
import { chunkOf, LogService, manager, picture, type Row } from '../testing/remote/logService.ts'
import { chunkOf as storedChunk, recordingOf } from './recordings/recordings.ts'

let service: LogService
let data: string
const noon = Date.UTC(2026, 1, 1, 12)
const room = RoomId.parse(v7())
const operator = PersonId.parse(v7())
/** Oldest first. */
const rows: Row[] = []

beforeAll(async () => {
  data = makeFolder()
  service = await LogService.start({}, data)
  const add = async (changes: Partial<Row>, n = rows.length) =>
    rows.push(await service.session({ startedAt: noon + n * 60_000, endedAt: noon + n * 60_000 + 5_000, end: 'operatorEnded', ...changes }))
  await add({ room, roomName: 'Élysée', operatorName: 'Zoë Müller' })
  await add({
    operator,
    deviceName: 'Acme Bar (S-7)',
    organisation: 'Fabrikam',
    operatorEmail: 'tess@fabrikam.example',
    operatorName: 'Tess Moreau',
  })
  await add({ refusal: 'remote.inCall', end: null, endedAt: noon + 2 * 60_000, mode: 'view' })
  await add({
    room,
    roomName: '=1+1',
    operatorName: '@cmd',
    deviceName: '-2',
    operator,
    end: 'accessWithdrawn',
    recordedBytes: 9,
    recordedMs: 4_000,
  })
  await add({ roomName: 'Quote "and", comma\nline', recordedBytes: 9, recordedMs: 4_000, recordingDeletedAt: noon + dayMs, end: 'idle' })
  await add({ endedAt: null, end: null })
  // Of the same moment: their ids tell them apart.
  for (let n = 0; n < 3; n += 1) await add({ roomName: `Same ${n}` }, 10)
  await service.session({ startedAt: noon + 60_000, roomName: 'Elsewhere' }, service.tenants[1])
})
afterAll(async () => {
  await service.close()
  removeFolder(data)
})

const newestFirst = (): string[] => [...rows].sort((a, b) => b.startedAt - a.startedAt || (b.id < a.id ? -1 : 1)).map(({ id }) => id)
async function page(query: string): Promise<SessionPage> {
  const answer = await service.get(`/v1/sessions?${query}`)
  expect([query, answer.status]).toEqual([query, 200])
  return SessionPage.parse(answer.json)
}
const ids = async (query: string): Promise<string[]> => (await page(query)).items.map(({ id }) => id)
const idsOf = (...indexes: number[]): string[] => indexes.map((index) => rows[index]!.id)

describe('[REM-8] the session log', () => {
  it('has every attempt of the tenant, newest first', async () => {
    const { items, next } = await page('')
    expect(items.map(({ id }) => id)).toEqual(newestFirst())
    expect(next).toBeNull()
    const { endedAt, startedAt } = rows[1]!
    expect(items.find(({ id }) => id === rows[1]!.id)).toEqual({
      id: rows[1]!.id,
      room: rows[1]!.room,
      roomName: 'Boardroom',
      device: null,
      deviceName: 'Acme Bar (S-7)',
      mode: 'modify',
      startedAt,
      endedAt,
      end: 'operatorEnded',
      refusal: null,
      recording: null,
      operator: { id: operator, name: 'Tess Moreau', email: 'tess@fabrikam.example', organisation: 'Fabrikam' },
    })
    expect(items.filter(({ recording }) => recording).map(({ recording }) => recording?.deletedAt)).toEqual([noon + dayMs, null])
  })

  it('is paged right while sessions begin, whatever the size of a page', async () => {
    const wanted = newestFirst()
    for (const limit of [1, 2, 3, 5, 200]) {
      const seen: string[] = []
      for (let before: string | null = ''; before !== null;) {
        const { items, next }: SessionPage = await page(`limit=${limit}${before === '' ? '' : `&before=${before}`}`)
        expect(items.length).toBeLessThanOrEqual(limit)
        seen.push(...items.map(({ id }) => id))
        before = next
        // Somebody begins another one in between; the console has its first page already.
        if (before !== null) rows.push(await service.session({ startedAt: noon + 1_000_000 + rows.length }))
      }
      expect(seen.filter((id) => wanted.includes(id))).toEqual(wanted)
      expect(new Set(seen).size).toBe(seen.length)
    }
    expect(await page(`before=${v7()}`)).toEqual({ items: [], next: null })
  })

  it.each([
    [`room=${room}`, [3, 0]],
    [`operator=${operator}`, [3, 1]],
    [`from=${noon + 60_000}&to=${noon + 180_000}`, [2, 1]],
    ['outcome=refused', [2]],
    ['recorded=true', [4, 3]],
    ['text=elysee', [0]],
    ['text=MULLER', [0]],
    ['text=acme%20bar', [1]],
    ['text=same&limit=2', [8, 7]],
    [`outcome=ended&room=${room}&text=cmd`, [3]],
    ['text=%25', []],
    ['text=elsewhere', []],
  ])('is filtered: %s', async (query, expected) => {
    expect(await ids(query)).toEqual(idsOf(...expected))
  })

  it('says which are running, and pages through what a text finds', async () => {
    expect((await page('outcome=running&limit=200')).items.every(({ endedAt }) => endedAt === null)).toBe(true)
    expect(await ids('outcome=running&limit=200')).toContain(rows[5]!.id)
    const first = await page('text=same&limit=2')
    expect(await ids(`text=same&limit=2&before=${String(first.next)}`)).toEqual(idsOf(6))
  })

  it.each([['limit=0'], ['limit=201'], ['before=x'], ['outcome=other'], ['recorded=false'], [`text=${'x'.repeat(500)}`]])(
    'is not asked with %s',
    async (query) => {
      expect((await service.get(`/v1/sessions?${query}`)).code).toBe('request.invalid')
    },
  )

  it('is for managers of the tenant itself', async () => {
    for (const path of ['/v1/sessions', '/v1/sessions.csv?from=0&to=1']) {
      const denied = await service.get(path, { person: 'object-nobody' })
      expect([path, denied.status, denied.code]).toEqual([path, 403, 'access.denied'])
    }
    const other = SessionPage.parse((await service.get('/v1/sessions', { directory: 'adatum' })).json)
    expect(other.items.map(({ roomName }) => roomName)).toEqual(['Elsewhere'])
    expect((await service.get('/v1/sessions?from=2&to=1')).code).toBe('audit.rangeInvalid')
  })
})

describe('[REM-8] its export as CSV', () => {
  const csv = (from: number, to: number) => service.get(`/v1/sessions.csv?from=${from}&to=${to}`)

  it('has the columns of the specification, oldest first, and no formula', async () => {
    const answer = await csv(noon, noon + 6 * 60_000)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="sessions-2026-02-01-2026-02-01.csv"')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const at = (n: number) => idsOf(n)[0]!
    const mail = 'ada@contoso.example'
    expect(answer.text).toBe(
      [
        '\ufeffsession,operator,operatorEmail,organisation,room,device,mode,from,to,end,refusal,recorded',
        `${at(0)},Zoë Müller,${mail},,Élysée,Console,modify,2026-02-01T12:00:00.000Z,2026-02-01T12:00:05.000Z,operatorEnded,,no`,
        `${at(1)},Tess Moreau,tess@fabrikam.example,Fabrikam,Boardroom,Acme Bar (S-7),modify,` +
          '2026-02-01T12:01:00.000Z,2026-02-01T12:01:05.000Z,operatorEnded,,no',
        `${at(2)},Ada Lovelace,${mail},,Boardroom,Console,view,2026-02-01T12:02:00.000Z,2026-02-01T12:02:00.000Z,,remote.inCall,no`,
        `${at(3)},'@cmd,${mail},,'=1+1,'-2,modify,2026-02-01T12:03:00.000Z,2026-02-01T12:03:05.000Z,accessWithdrawn,,yes`,
        `${at(4)},Ada Lovelace,${mail},,"Quote ""and"", comma\nline",Console,modify,` +
          '2026-02-01T12:04:00.000Z,2026-02-01T12:04:05.000Z,idle,,deleted',
        `${at(5)},Ada Lovelace,${mail},,Boardroom,Console,modify,2026-02-01T12:05:00.000Z,,,,no`,
        '',
      ].join('\r\n'),
    )
  })

  it('names the room by its id where its operator may not see it', async () => {
    const hidden = await service.session({ startedAt: 5, roomName: '', refusal: 'room.notFound', endedAt: 5 })
    expect((await csv(5, 6)).text.split('\r\n')[1]).toContain(`,${hidden.room},`)
  })

  it('is in the audit log', async () => {
    await csv(1, 2)
    const { tables } = service.deps.store.read(service.tenants[0], 'wholeTenant')
    const record = await tables
      .audit()
      .innerJoin('person', 'person.id', 'audit.actor')
      .select(['audit.category', 'objectName', 'detail', 'person.objectId'])
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    expect({ ...record, detail: JSON.parse(record.detail) as unknown }).toEqual({
      category: 'RemoteSession',
      objectName: 'Session log',
      objectId: manager,
      detail: { action: 'sessions.export', from: 1, to: 2 },
    })
    expect((await csv(2, 1)).code).toBe('audit.rangeInvalid')
    expect((await service.get('/v1/sessions.csv')).code).toBe('request.invalid')
    expect((await csv(1, 1)).text.trim().split('\r\n')).toHaveLength(1)
  })

  it('of many is whole, each once', async () => {
    const from = noon - 100 * dayMs
    const { store } = service.deps
    await store.write(service.tenants[0], { kind: 'system' }, async (tx) => {
      const row = { ...rows[0]!, roomName: 'Many' }
      for (let n = 0; n < 2_500; n += 500) {
        await tx.insert
          .remoteSession(
            ...Array.from({ length: 500 }, (_, i) => ({ ...row, id: SessionId.parse(v7()), startedAt: from + Math.floor((n + i) / 7) })),
          )
          .execute()
      }
    })
    const lines = (await csv(from, from + dayMs)).text.trimEnd().split('\r\n').slice(1)
    expect(lines).toHaveLength(2_500)
    expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(2_500)
    const times = lines.map((line) => line.split(',')[7]!)
    expect(times).toEqual([...times].sort())
  })
})

it('a backup has the log and the recordings', async () => {
  const session = await service.session({ device: await service.device() })
  const chunk = chunkOf(session.id, 1, [picture()])
  expect((await service.put(session.id, 1, chunk, await service.ticket(session))).status).toBe(200)
  const elsewhere = makeFolder()
  const file = join(elsewhere, 'backup.db')
  await backup(data, file)
  await restore(file, join(elsewhere, 'restored'), realSystem.clock)
  const copy = await Store.open({
    schema,
    path: filesOf(join(elsewhere, 'restored')).database,
    bus: inProcessBus(() => undefined),
    ...systemAt(() => service.clock.at),
  })
  const row = await recordingOf(copy, service.tenants[0], session.id, service.clock.at)
  expect(Buffer.from(await storedChunk(copy, row, 1)).equals(Buffer.from(chunk))).toBe(true)
  await copy.close()
  removeFolder(elsewhere)
})
