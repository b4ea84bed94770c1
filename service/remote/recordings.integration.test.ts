import { connect } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { exportJWK, generateKeyPair } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AuditTable } from '../store/tables.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { DeviceId, SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { chunkPath, RecordingIndex } from '../../contract/recording.ts'
import { relayTicketType } from '../../contract/relay.ts'
import { sessionGrantType } from '../../contract/remote.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { until } from '../../contract/testing/wait.ts'
import { system } from '../store/transaction.ts'
import { recordOf } from './record.ts'
import { ChunkRefusals } from './chunkRefusals.ts'
import { takeChunk } from './recordings.ts'
import { chunkOf, dayMs, LogService, packed, picture, type Row, serviceName, terminal } from './testing/logService.ts'

let service: LogService
/** A running session with its device, and the ticket to upload its recording. */
let session: Row
let ticket: string

beforeAll(async () => {
  service = await LogService.start({ pruneEveryMs: 20 })
})
afterAll(async () => service.close())
beforeEach(async () => {
  session = await service.session({ device: await service.device() })
  ticket = await service.ticket(session)
})

const put = (number: number, body = chunkOf(session.id, number, [picture()])) => service.put(session.id, number, body, ticket)
const stored = async () =>
  await service.deps.store
    .read(service.tenants[0], 'wholeTenant')
    .tables.recordingChunk()
    .select(['number', 'fromMs', 'toMs', 'terminal'])
    .where('session', '=', session.id)
    .orderBy('number')
    .execute()
const row = async () =>
  service.deps.store
    .read(service.tenants[0], 'wholeTenant')
    .tables.remoteSession()
    .selectAll()
    .where('id', '=', session.id)
    .executeTakeFirstOrThrow()
const records = async (action: string): Promise<Pick<AuditTable, 'actor' | 'objectName' | 'operation' | 'detail'>[]> =>
  service.deps.store
    .read(service.tenants[0], 'wholeTenant')
    .tables.audit()
    .select(['actor', 'objectName', 'operation', 'detail'])
    .where('detail', 'like', `%${session.id}%"${action}"%`)
    .execute()
const read = (what = '', who?: Parameters<LogService['get']>[1]) => service.get(`/v1/recordings/${session.id}${what}`, who)

describe('a chunk that is uploaded', () => {
  it('is kept, and counted in the session log', async () => {
    const [one, two] = [chunkOf(session.id, 1, [picture()]), chunkOf(session.id, 2, [picture(), terminal('ls')])]
    expect((await put(1, one)).status).toBe(200)
    expect((await put(2, two)).status).toBe(200)
    expect(await stored()).toEqual([
      { number: 1, fromMs: 0, toMs: 5_000, terminal: 0 },
      { number: 2, fromMs: 5_000, toMs: 10_000, terminal: 1 },
    ])
    expect(await row()).toMatchObject({ recordedBytes: one.byteLength + two.byteLength, recordedMs: 10_000, recordingDeletedAt: null })
  })

  it('again is fine with the same bytes, or put off at the same moment, and refused with others', async () => {
    const body = chunkOf(session.id, 1, [picture()])
    const twice = await Promise.all([put(1, body), put(1, body)])
    expect(twice.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
    expect(twice.every(({ status, code }) => status === 200 || (status === 429 && code === 'recording.busy'))).toBe(true)
    expect((await put(1, body)).status).toBe(200)
    expect((await row()).recordedBytes).toBe(body.byteLength)
    const other = await put(1, chunkOf(session.id, 1, [picture(), picture()]))
    expect([other.status, other.code]).toEqual([409, 'request.conflict'])
    expect((await read('/chunks/1')).bytes.equals(body)).toBe(true)
  })

  it('comes in its turn, and not before the one before it has ended', async () => {
    const early = await put(2)
    expect([early.status, early.code, early.detail]).toEqual([400, 'recording.invalid', 'Chunk 1 comes next.'])
    expect((await put(1)).status).toBe(200)
    expect((await put(3)).detail).toBe('Chunk 2 comes next.')
    const back = await put(2, chunkOf(session.id, 2, [], { fromMs: 4_999 }))
    expect([back.code, back.detail]).toEqual(['recording.invalid', 'It begins before the chunk before it ends.'])
    expect((await put(2)).status).toBe(200)
  })

  it.each([
    ['not gzip', () => new Uint8Array(someBytes(500)), 400, 'recording.invalid', 'The chunk is not gzip.'],
    ['a bomb', () => new Uint8Array(gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1))), 413, 'recording.tooLarge', ''],
    ['of another session', () => chunkOf(v7(), 1), 400, 'recording.invalid', 'Line 1: it is of another session.'],
    [
      'not JSON in a line',
      () => packed(`${JSON.stringify({ session: session.id, number: 1, fromMs: 0, toMs: 9 })}\n{"at":0}{`),
      400,
      'recording.invalid',
      'Line 2: this is not JSON.',
    ],
    ['larger than a chunk', () => new Uint8Array(limits.recordingChunkBytes + 1), 413, 'request.tooLarge', ''],
  ])('is refused where it is %s', async (_, body, status, code, detail) => {
    const refused = await put(1, body())
    expect([refused.status, refused.code, refused.detail]).toEqual([status, code, detail])
    expect(await stored()).toEqual([])
    // It takes nothing with it.
    expect((await put(1)).status).toBe(200)
  })

  it('is taken as gzip and nothing else, at an address that is one', async () => {
    const body = chunkOf(session.id, 1)
    for (const type of ['application/json', 'text/plain', 'application/octet-stream'])
      expect([type, (await service.put(session.id, 1, body, ticket, { 'content-type': type })).code]).toEqual([type, 'request.invalid'])
    for (const number of ['0', '-1', '1.5', 'x', '1e99'])
      expect([number, (await service.put(session.id, number, body, ticket)).status]).toEqual([number, 400])
    expect((await service.put('x', 1, body, ticket)).status).toBe(400)
    expect(await stored()).toEqual([])
  })

  it('[rule 13] that is refused again and again ends its recording, which the audit tells once', async () => {
    await put(1)
    const wrong = () => gzipSync(someBytes(300))
    for (let n = 1; n < limits.recordingRefusals; n += 1) expect((await put(2, wrong())).code).toBe('recording.invalid')
    expect(await records('recording.end')).toEqual([])
    await put(2, wrong())
    const good = await put(2)
    expect([good.code, good.detail]).toEqual(['recording.invalid', expect.stringContaining('nothing more of it is taken')])
    expect(await stored()).toHaveLength(1)
    const [record, ...more] = await records('recording.end')
    const says = expect.objectContaining({ action: 'recording.end', code: 'recording.invalid' })
    expect([record?.actor, JSON.parse(record?.detail ?? '{}'), more]).toEqual([null, says, []])
    // What is here may come again, and other recordings go on.
    expect((await put(1)).code).toBeUndefined()
  })

  it('[rule 13] and drips holds the memory of few, whatever number of them there are', async () => {
    const { hostname, port, pathname } = new URL(`${service.url}${chunkPath(session.id, 1)}`)
    const ended: number[] = []
    const answered: number[] = []
    const body = ['Content-Type: application/gzip', `Content-Length: ${limits.recordingChunkBytes}`]
    const heads = [`PUT ${pathname} HTTP/1.1`, `Host: ${hostname}`, `Authorization: Recording ${ticket}`, ...body]
    const drips = Array.from({ length: 12 }, (_, n) => {
      const socket = connect(Number(port), hostname)
      socket
        .on('error', () => undefined)
        .on('close', () => ended.push(n))
        .on('data', () => answered.push(n))
        .resume()
      socket.write(`${heads.join('\r\n')}\r\n\r\nx`)
      return socket
    })
    await until('all but a few to be cut off', () => ended.length === drips.length - limits.recordingChunksComing)
    expect(answered).toEqual([])
    // One that is lost stands in nobody's way.
    expect((await put(1)).status).toBe(200)
    for (const drip of drips) drip.destroy()
  })

  it('[rule 13] is looked through when nothing cheaper refuses it', async () => {
    await put(1)
    const { store } = service.deps
    const [tenant] = service.tenants
    const claims = { iss: serviceName, sid: session.id, tenant, device: session.device!, iat: 1, exp: 4_000_000_000 }
    let looked = 0
    const threads = {
      check: async () => {
        looked += 1
        return { fromMs: 5_000, toMs: 10_000, terminal: false }
      },
    }
    const take = (number: number, bytes: Uint8Array, by = claims) =>
      takeChunk({ store, threads, refused: new ChunkRefusals(), now: service.deps.now }, by, number, bytes).then(
        () => 'taken',
        (error: unknown) => (error instanceof RoomkeeperError ? error.code : String(error)),
      )
    const bomb = gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1))
    expect(await take(3, bomb)).toBe('recording.invalid')
    expect(await take(1, bomb)).toBe('request.conflict')
    expect(await take(limits.recordingChunks + 1, bomb)).toBe('recording.tooLarge')
    expect(await take(2, bomb)).toBe('recording.tooLarge')
    expect(await take(2, someBytes(500))).toBe('recording.invalid')
    expect(await take(2, chunkOf(session.id, 2), { ...claims, device: DeviceId.parse(v7()) })).toBe('auth.invalid')
    expect(await take(2, chunkOf(session.id, 2), { ...claims, sid: SessionId.parse(v7()) })).toBe('recording.notFound')
    await store.write(tenant, system, async (tx) =>
      tx.update.remoteSession().where('id', '=', session.id).set({ recordedBytes: limits.recordingBytes }).execute(),
    )
    expect(await take(2, chunkOf(session.id, 2))).toBe('recording.tooLarge')
    await store.write(tenant, system, async (tx) =>
      tx.update.remoteSession().where('id', '=', session.id).set({ recordedBytes: 0 }).execute(),
    )
    expect(looked).toBe(0)
    expect([await take(2, chunkOf(session.id, 2)), looked]).toEqual(['taken', 1])
  })

  it('is the last but one that is too many, too much, or too late', async () => {
    const chunk = { session: session.id, fromMs: 0, toMs: 0, terminal: 0, body: Buffer.from('x') }
    await service.deps.store.write(service.tenants[0], system, async (tx) =>
      tx.insert.recordingChunk({ ...chunk, number: limits.recordingChunks - 1 }).execute(),
    )
    const many = await put(limits.recordingChunks + 1, chunkOf(session.id, 1))
    expect([many.status, many.code]).toEqual([413, 'recording.tooLarge'])
    const last = chunkOf(session.id, limits.recordingChunks, [], { fromMs: 1, toMs: 1 })
    await service.deps.store.write(service.tenants[0], system, async (tx) =>
      tx.update
        .remoteSession()
        .where('id', '=', session.id)
        .set({ recordedBytes: limits.recordingBytes - last.byteLength + 1 })
        .execute(),
    )
    expect((await put(limits.recordingChunks, packed(gunzipSync(last)))).code).toBe('recording.tooLarge')
    await service.deps.store.write(service.tenants[0], system, async (tx) =>
      tx.update.remoteSession().where('id', '=', session.id).set({ recordedBytes: 0 }).execute(),
    )
    expect((await put(limits.recordingChunks, last)).status).toBe(200)
  })

  it('may come for some minutes after the session has ended', async () => {
    await put(1)
    await service.end(session.id)
    const ended = service.clock.at
    try {
      service.clock.at = ended + limits.recordingLateMs
      expect((await put(2)).status).toBe(200)
      service.clock.at += 1
      const late = await put(3)
      expect([late.status, late.code]).toEqual([410, 'remote.ended'])
    } finally {
      service.clock.at = ended
    }
  })
})

describe('who uploads', () => {
  const tried = async (used: string | undefined, to = session.id) => {
    const { status, code } = await service.put(to, 1, chunkOf(to, 1), used)
    return `${status} ${String(code)}`
  }

  it('is the device of the session, with its ticket', async () => {
    const claims = { iss: serviceName, sid: session.id, tenant: service.tenants[0], device: session.device, iat: 1, exp: 4_000_000_000 }
    const strange = await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).privateKey)
    expect(await tried(undefined)).toBe('401 auth.missing')
    expect(await tried('')).toBe('401 auth.missing')
    expect(await tried('x.y.z')).toBe('401 auth.invalid')
    expect(await tried('x'.repeat(limits.relayTicketChars + 1))).toBe('401 auth.invalid')
    expect(await tried(await service.token())).toBe('401 auth.invalid')
    expect(await tried(await service.signed(claims, { key: strange }))).toBe('401 auth.invalid')
    expect(await tried(await service.signed(claims, { typ: relayTicketType }))).toBe('401 auth.invalid')
    expect(await tried(await service.signed(claims, { typ: sessionGrantType }))).toBe('401 auth.invalid')
    expect(await tried(await service.signed({ ...claims, more: 1 }))).toBe('401 auth.invalid')
    expect(await tried(await service.signed({ ...claims, exp: undefined }))).toBe('401 auth.invalid')
    expect(await tried(await service.ticket(session, { iss: 'another' }))).toBe('401 auth.invalid')
    expect(await tried(await service.ticket(session, { exp: Math.floor(service.clock.at / 1000) - 1 }))).toBe('401 auth.expired')
    expect(await tried(await service.ticket(session, { device: await service.device() }))).toBe('401 auth.invalid')
    expect(await tried(await service.ticket(session, { tenant: service.tenants[1] }))).toBe('404 recording.notFound')
    const other = await service.session({ device: session.device })
    expect(await tried(ticket, other.id)).toBe('401 auth.invalid')
    expect(await stored()).toEqual([])
    expect(await tried(await service.signed(claims))).toBe('200 undefined')
  })

  it('is told before a byte of the body is taken', async () => {
    const { status, code } = await service.put(session.id, 1, new Uint8Array(limits.recordingChunkBytes * 2), 'x.y.z')
    expect([status, code]).toEqual([401, 'auth.invalid'])
  })

  it('is no device whose key was revoked; one that is being off-boarded may finish', async () => {
    for (const [state, expected] of [
      ['revoked', '401 device.unknown'],
      ['offboarding', '200 undefined'],
    ] as const) {
      const own = await service.session({ device: await service.device(state) })
      expect([state, await tried(await service.ticket(own), own.id)]).toEqual([state, expected])
    }
  })

  it('has a session that began', async () => {
    const refused = await service.session({ device: session.device, refusal: 'remote.inCall', endedAt: service.clock.at })
    expect(await tried(await service.ticket(refused), refused.id)).toBe('404 recording.notFound')
    const unknown = { id: SessionId.parse(v7()), device: session.device }
    expect(await tried(await service.ticket(unknown), unknown.id)).toBe('404 recording.notFound')
  })
})

describe('a recording that is read', () => {
  it('has an index, chunks as they came, and the text of its terminals', async () => {
    const chunks = [
      chunkOf(session.id, 1, [picture()]),
      chunkOf(session.id, 2, [picture(), terminal('ls\r\n')]),
      chunkOf(session.id, 3, [terminal('exit'), { type: 'terminalClosed', terminal: 1 }]),
    ]
    for (const [index, chunk] of chunks.entries()) await put(index + 1, chunk)
    const index = await read()
    expect(index.headers.get('cache-control')).toBe('no-store')
    expect(RecordingIndex.parse(index.json)).toEqual({
      session: session.id,
      record: recordOf(await row()),
      startedAt: session.startedAt,
      durationMs: 15_000,
      complete: false,
      chunks: chunks.map((chunk, n) => ({ number: n + 1, fromMs: n * 5_000, toMs: (n + 1) * 5_000, bytes: chunk.byteLength })),
    })
    const second = await read('/chunks/2')
    expect([second.headers.get('content-type'), second.headers.get('cache-control'), second.bytes.equals(Buffer.from(chunks[1]!))]).toEqual(
      ['application/gzip', 'no-store', true],
    )
    expect((await read('/chunks/4')).code).toBe('recording.notFound')
    const text = await read('/terminal')
    expect(text.headers.get('content-type')).toBe('application/gzip')
    const events = gunzipSync(text.bytes)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(events).toEqual([
      { at: 5_000, ...terminal('ls\r\n') },
      { at: 10_000, ...terminal('exit') },
      { at: 10_000, type: 'terminalClosed', terminal: 1 },
    ])
    await service.end(session.id)
    expect(RecordingIndex.parse((await read()).json).complete).toBe(true)
  })

  it('without a terminal has an empty text', async () => {
    await put(1)
    expect(gunzipSync((await read('/terminal')).bytes).byteLength).toBe(0)
  })

  it('is for managers of the tenant itself', async () => {
    await put(1)
    for (const what of ['', '/chunks/1', '/terminal']) {
      const denied = await read(what, { person: 'object-nobody' })
      expect([what, denied.status, denied.code]).toEqual([what, 403, 'access.denied'])
      const elsewhere = await read(what, { directory: 'adatum' })
      expect([what, elsewhere.status, elsewhere.code]).toEqual([what, 404, 'recording.notFound'])
      const withTicket = await fetch(`${service.url}/v1/recordings/${session.id}${what}`, {
        headers: { authorization: `Recording ${ticket}` },
      })
      expect([what, withTicket.status]).toEqual([what, 401])
    }
    expect(await records('recording.open')).toEqual([])
  })

  it('is in the audit log as opened: once per person, session and hour', async () => {
    await put(1)
    const begun = service.clock.at
    await Promise.all([read(), read(), read('/chunks/1'), read('/terminal')])
    service.clock.at += limits.recordingOpenedMs - 1
    await read('/chunks/1')
    expect((await records('recording.open')).map(({ objectName, operation, actor }) => [objectName, operation, actor !== null])).toEqual([
      ['Boardroom', 'Update', true],
    ])
    service.clock.at += 1
    await read('/chunks/1')
    expect(await records('recording.open')).toHaveLength(2)
    service.clock.at = begun
  })

  it('of nothing is none', async () => {
    for (const what of ['', '/chunks/1', '/terminal']) expect([what, (await read(what)).code]).toEqual([what, 'recording.notFound'])
    expect(await records('recording.open')).toEqual([])
  })
})

describe('retention', () => {
  /** Until the service has looked through its data again. */
  const deleted = () => until('the recording to be deleted', async () => (await row()).recordingDeletedAt !== null)
  const keepFor = (days: number) =>
    service.deps.store.write(service.tenants[0], system, async (tx) => {
      const settings = await tx.get('settings', tx.tenant)
      if (settings) tx.put('settings', { ...settings, recordingDays: days })
    })

  it('deletes recordings when their days are over, and says so in the audit as the system', async () => {
    await keepFor(3)
    const other = await service.session({ device: session.device })
    await service.put(other.id, 1, chunkOf(other.id, 1), await service.ticket(other))
    for (let number = 1; number <= 3; number += 1) await put(number)
    await service.deps.store.write(service.tenants[0], system, async (tx) => {
      for (let number = 4; number <= 200; number += 1)
        await tx.insert.recordingChunk({ session: session.id, number, fromMs: 0, toMs: 0, terminal: 0, body: Buffer.from('x') }).execute()
    })
    const before = await row()
    await service.end(session.id)
    const ended = service.clock.at
    service.clock.at = ended + 3 * dayMs
    expect((await read()).status).toBe(200)
    service.clock.at += 1
    await service.end(other.id)
    // Whether it is deleted yet or not, nobody reads it any more.
    expect((await read()).code).toBe('recording.notFound')
    await deleted()
    expect(await stored()).toEqual([])
    expect(await row()).toMatchObject({
      recordedBytes: before.recordedBytes,
      recordedMs: before.recordedMs,
      recordingDeletedAt: service.clock.at,
    })
    expect(
      (await records('recording.delete')).map(({ actor, operation, objectName, detail }) => ({
        actor,
        operation,
        objectName,
        detail: JSON.parse(detail) as unknown,
      })),
    ).toEqual([
      {
        actor: null,
        operation: 'Delete',
        objectName: 'Boardroom',
        detail: { session: session.id, room: session.room, action: 'recording.delete', days: 3 },
      },
    ])
    expect((await service.get(`/v1/recordings/${other.id}`)).status).toBe(200)
    const again = await service.put(session.id, 1, chunkOf(session.id, 1), await service.ticket(session))
    expect(again.code).toBe('recording.notFound')
    service.clock.at = ended
  })

  it('follows the setting as it is now, down to one day', async () => {
    await keepFor(180)
    await put(1)
    await service.end(session.id)
    const ended = service.clock.at
    service.clock.at += 100 * dayMs
    expect((await read()).status).toBe(200)
    await keepFor(1)
    await deleted()
    expect(await stored()).toEqual([])
    service.clock.at = ended
  })

  it('keeps the session log for 180 days, and what it has no longer than that', async () => {
    await keepFor(180)
    await put(1)
    await service.end(session.id)
    const ended = service.clock.at
    service.clock.at += limits.sessionDays * dayMs
    const running = await service.session({ startedAt: ended - 400 * dayMs })
    const kept = async (id: Row['id']) =>
      (await service.deps.store
        .read(service.tenants[0], 'wholeTenant')
        .tables.remoteSession()
        .select('id')
        .where('id', '=', id)
        .executeTakeFirst()) !== undefined
    // A round of the service's looking.
    const marker = await service.session({ startedAt: ended - 1, endedAt: ended - 1, refusal: 'remote.inCall' })
    await until('the marker to go', async () => !(await kept(marker.id)))
    expect(await kept(session.id)).toBe(true)
    service.clock.at += 1
    await until('the session to go', async () => !(await kept(session.id)))
    expect(await records('recording.delete')).toHaveLength(1)
    expect(await stored()).toEqual([])
    expect(await kept(running.id)).toBe(true)
    service.clock.at = ended
  })
})
