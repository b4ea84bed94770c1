import { connect } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { exportJWK, generateKeyPair } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { DeviceId, SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { chunkPath } from '../../../contract/recording.ts'
import { relayTicketType } from '../../../contract/relay.ts'
import { sessionGrantType } from '../../../contract/remote.ts'
import { someBytes } from '../../../contract/testing/chance.ts'
import { until } from '../../../contract/testing/wait.ts'
import { system } from '../../ground/store/transaction.ts'
import { chunkOf, LogService, packed, picture, serviceName, terminal } from '../../testing/remote/logService.ts'
import { TestRecording } from '../../testing/remote/recording.ts'
import { ChunkRefusals } from './chunkRefusals.ts'
import { takeChunk } from './recordings.ts'

let service: LogService
let recording: TestRecording

beforeAll(async () => {
  service = await LogService.start({ pruneEveryMs: 20 })
})
afterAll(async () => service.close())
beforeEach(async () => {
  recording = await TestRecording.begin(service)
})

describe('a chunk that is uploaded', () => {
  it('is kept, and counted in the session log', async () => {
    const [one, two] = [chunkOf(recording.session.id, 1, [picture()]), chunkOf(recording.session.id, 2, [picture(), terminal('ls')])]
    expect((await recording.put(1, one)).status).toBe(200)
    expect((await recording.put(2, two)).status).toBe(200)
    expect(await recording.stored()).toEqual([
      { number: 1, fromMs: 0, toMs: 5_000, terminal: 0 },
      { number: 2, fromMs: 5_000, toMs: 10_000, terminal: 1 },
    ])
    expect(await recording.row()).toMatchObject({
      recordedBytes: one.byteLength + two.byteLength,
      recordedMs: 10_000,
      recordingDeletedAt: null,
    })
  })

  it('again is fine with the same bytes, or put off at the same moment, and refused with others', async () => {
    const body = chunkOf(recording.session.id, 1, [picture()])
    const twice = await Promise.all([recording.put(1, body), recording.put(1, body)])
    expect(twice.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
    expect(twice.every(({ status, code }) => status === 200 || (status === 429 && code === 'recording.busy'))).toBe(true)
    expect((await recording.put(1, body)).status).toBe(200)
    expect((await recording.row()).recordedBytes).toBe(body.byteLength)
    const other = await recording.put(1, chunkOf(recording.session.id, 1, [picture(), picture()]))
    expect([other.status, other.code]).toEqual([409, 'request.conflict'])
    expect((await recording.read('/chunks/1')).bytes.equals(body)).toBe(true)
  })

  it('comes in its turn, and not before the one before it has ended', async () => {
    const early = await recording.put(2)
    expect([early.status, early.code, early.detail]).toEqual([400, 'recording.invalid', 'Chunk 1 comes next.'])
    expect((await recording.put(1)).status).toBe(200)
    expect((await recording.put(3)).detail).toBe('Chunk 2 comes next.')
    const back = await recording.put(2, chunkOf(recording.session.id, 2, [], { fromMs: 4_999 }))
    expect([back.code, back.detail]).toEqual(['recording.invalid', 'It begins before the chunk before it ends.'])
    expect((await recording.put(2)).status).toBe(200)
  })

  it.each([
    ['not gzip', () => new Uint8Array(someBytes(500)), 400, 'recording.invalid', 'The chunk is not gzip.'],
    ['a bomb', () => new Uint8Array(gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1))), 413, 'recording.tooLarge', ''],
    ['of another session', () => chunkOf(v7(), 1), 400, 'recording.invalid', 'Line 1: it is of another session.'],
    [
      'not JSON in a line',
      () => packed(`${JSON.stringify({ session: recording.session.id, number: 1, fromMs: 0, toMs: 9 })}\n{"at":0}{`),
      400,
      'recording.invalid',
      'Line 2: this is not JSON.',
    ],
    ['larger than a chunk', () => new Uint8Array(limits.recordingChunkBytes + 1), 413, 'request.tooLarge', ''],
  ])('is refused where it is %s', async (_, body, status, code, detail) => {
    const refused = await recording.put(1, body())
    expect([refused.status, refused.code, refused.detail]).toEqual([status, code, detail])
    expect(await recording.stored()).toEqual([])
    // It takes nothing with it.
    expect((await recording.put(1)).status).toBe(200)
  })

  it('is taken as gzip and nothing else, at an address that is one', async () => {
    const body = chunkOf(recording.session.id, 1)
    for (const type of ['application/json', 'text/plain', 'application/octet-stream'])
      expect([type, (await service.put(recording.session.id, 1, body, recording.ticket, { 'content-type': type })).code]).toEqual([
        type,
        'request.invalid',
      ])
    for (const number of ['0', '-1', '1.5', 'x', '1e99'])
      expect([number, (await service.put(recording.session.id, number, body, recording.ticket)).status]).toEqual([number, 400])
    expect((await service.put('x', 1, body, recording.ticket)).status).toBe(400)
    expect(await recording.stored()).toEqual([])
  })

  it('[rule 13] that is refused again and again ends its recording, which the audit tells once', async () => {
    await recording.put(1)
    const wrong = () => gzipSync(someBytes(300))
    for (let n = 1; n < limits.recordingRefusals; n += 1) expect((await recording.put(2, wrong())).code).toBe('recording.invalid')
    expect(await recording.records('recording.end')).toEqual([])
    await recording.put(2, wrong())
    const good = await recording.put(2)
    expect([good.code, good.detail]).toEqual(['recording.invalid', expect.stringContaining('nothing more of it is taken')])
    expect(await recording.stored()).toHaveLength(1)
    const [record, ...more] = await recording.records('recording.end')
    const says = expect.objectContaining({ action: 'recording.end', code: 'recording.invalid' })
    expect([record?.actor, JSON.parse(record?.detail ?? '{}'), more]).toEqual([null, says, []])
    // What is here may come again, and other recordings go on.
    expect((await recording.put(1)).code).toBeUndefined()
  })

  it('[rule 13] and drips holds the memory of few, whatever number of them there are', async () => {
    const { hostname, port, pathname } = new URL(`${service.url}${chunkPath(recording.session.id, 1)}`)
    const ended: number[] = []
    const answered: number[] = []
    const body = ['Content-Type: application/gzip', `Content-Length: ${limits.recordingChunkBytes}`]
    const heads = [`PUT ${pathname} HTTP/1.1`, `Host: ${hostname}`, `Authorization: Recording ${recording.ticket}`, ...body]
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
    expect((await recording.put(1)).status).toBe(200)
    for (const drip of drips) drip.destroy()
  })

  it('[rule 13] is looked through when nothing cheaper refuses it', async () => {
    await recording.put(1)
    const { store } = service.deps
    const [tenant] = service.tenants
    const claims = { iss: serviceName, sid: recording.session.id, tenant, device: recording.session.device!, iat: 1, exp: 4_000_000_000 }
    let looked = 0
    const threads = {
      check: async () => {
        looked += 1
        return { fromMs: 5_000, toMs: 10_000, terminal: false }
      },
    }
    const take = (number: number, bytes: Uint8Array, by = claims) =>
      takeChunk({ store, threads, refused: new ChunkRefusals(), clock: service.deps.clock }, by, number, bytes).then(
        () => 'taken',
        (error: unknown) => (error instanceof RoomkeeperError ? error.code : String(error)),
      )
    const bomb = gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1))
    expect(await take(3, bomb)).toBe('recording.invalid')
    expect(await take(1, bomb)).toBe('request.conflict')
    expect(await take(limits.recordingChunks + 1, bomb)).toBe('recording.tooLarge')
    expect(await take(2, bomb)).toBe('recording.tooLarge')
    expect(await take(2, someBytes(500))).toBe('recording.invalid')
    expect(await take(2, chunkOf(recording.session.id, 2), { ...claims, device: DeviceId.parse(v7()) })).toBe('auth.invalid')
    expect(await take(2, chunkOf(recording.session.id, 2), { ...claims, sid: SessionId.parse(v7()) })).toBe('recording.notFound')
    await store.write(tenant, system, async (tx) =>
      tx.update.remoteSession().where('id', '=', recording.session.id).set({ recordedBytes: limits.recordingBytes }).execute(),
    )
    expect(await take(2, chunkOf(recording.session.id, 2))).toBe('recording.tooLarge')
    await store.write(tenant, system, async (tx) =>
      tx.update.remoteSession().where('id', '=', recording.session.id).set({ recordedBytes: 0 }).execute(),
    )
    expect(looked).toBe(0)
    expect([await take(2, chunkOf(recording.session.id, 2)), looked]).toEqual(['taken', 1])
  })

  it('is the last but one that is too many, too much, or too late', async () => {
    const chunk = { session: recording.session.id, fromMs: 0, toMs: 0, terminal: 0, body: Buffer.from('x') }
    await service.deps.store.write(service.tenants[0], system, async (tx) =>
      tx.insert.recordingChunk({ ...chunk, number: limits.recordingChunks - 1 }).execute(),
    )
    const many = await recording.put(limits.recordingChunks + 1, chunkOf(recording.session.id, 1))
    expect([many.status, many.code]).toEqual([413, 'recording.tooLarge'])
    const last = chunkOf(recording.session.id, limits.recordingChunks, [], { fromMs: 1, toMs: 1 })
    await service.deps.store.write(service.tenants[0], system, async (tx) =>
      tx.update
        .remoteSession()
        .where('id', '=', recording.session.id)
        .set({ recordedBytes: limits.recordingBytes - last.byteLength + 1 })
        .execute(),
    )
    expect((await recording.put(limits.recordingChunks, packed(gunzipSync(last)))).code).toBe('recording.tooLarge')
    await service.deps.store.write(service.tenants[0], system, async (tx) =>
      tx.update.remoteSession().where('id', '=', recording.session.id).set({ recordedBytes: 0 }).execute(),
    )
    expect((await recording.put(limits.recordingChunks, last)).status).toBe(200)
  })

  it('may come for some minutes after the session has ended', async () => {
    await recording.put(1)
    await service.end(recording.session.id)
    const ended = service.clock.at
    try {
      service.clock.at = ended + limits.recordingLateMs
      expect((await recording.put(2)).status).toBe(200)
      service.clock.at += 1
      const late = await recording.put(3)
      expect([late.status, late.code]).toEqual([410, 'remote.ended'])
    } finally {
      service.clock.at = ended
    }
  })
})

describe('who uploads', () => {
  const tried = async (used: string | undefined, to = recording.session.id) => {
    const { status, code } = await service.put(to, 1, chunkOf(to, 1), used)
    return `${status} ${String(code)}`
  }

  it('is the device of the session, with its ticket', async () => {
    const claims = {
      iss: serviceName,
      sid: recording.session.id,
      tenant: service.tenants[0],
      device: recording.session.device,
      iat: 1,
      exp: 4_000_000_000,
    }
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
    expect(await tried(await service.ticket(recording.session, { iss: 'another' }))).toBe('401 auth.invalid')
    expect(await tried(await service.ticket(recording.session, { exp: Math.floor(service.clock.at / 1000) - 1 }))).toBe('401 auth.expired')
    expect(await tried(await service.ticket(recording.session, { device: await service.device() }))).toBe('401 auth.invalid')
    expect(await tried(await service.ticket(recording.session, { tenant: service.tenants[1] }))).toBe('404 recording.notFound')
    const other = await service.session({ device: recording.session.device })
    expect(await tried(recording.ticket, other.id)).toBe('401 auth.invalid')
    expect(await recording.stored()).toEqual([])
    expect(await tried(await service.signed(claims))).toBe('200 undefined')
  })

  it('is told before a byte of the body is taken', async () => {
    const { status, code } = await service.put(recording.session.id, 1, new Uint8Array(limits.recordingChunkBytes * 2), 'x.y.z')
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
    const refused = await service.session({ device: recording.session.device, refusal: 'remote.inCall', endedAt: service.clock.at })
    expect(await tried(await service.ticket(refused), refused.id)).toBe('404 recording.notFound')
    const unknown = { id: SessionId.parse(v7()), device: recording.session.device }
    expect(await tried(await service.ticket(unknown), unknown.id)).toBe('404 recording.notFound')
  })
})
