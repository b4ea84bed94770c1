import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { RecordingIndex } from '../../../contract/recording.ts'
import { dayMs, kept as retained } from '../../../contract/retention.ts'
import { until } from '../../../contract/testing/wait.ts'
import { system } from '../../ground/store/transaction.ts'
import { chunkOf, LogService, picture, type Row, terminal } from '../../testing/remote/logService.ts'
import { TestRecording } from '../../testing/remote/recording.ts'
import { recordOf } from '../record.ts'

let service: LogService
let recording: TestRecording

beforeAll(async () => {
  service = await LogService.start({ pruneEveryMs: 20 })
})
afterAll(async () => service.close())
beforeEach(async () => {
  recording = await TestRecording.begin(service)
})

describe('a recording that is read', () => {
  it('has an index, chunks as they came, and the text of its terminals', async () => {
    const chunks = [
      chunkOf(recording.session.id, 1, [picture()]),
      chunkOf(recording.session.id, 2, [picture(), terminal('ls\r\n')]),
      chunkOf(recording.session.id, 3, [terminal('exit'), { type: 'terminalClosed', terminal: 1 }]),
    ]
    for (const [index, chunk] of chunks.entries()) await recording.put(index + 1, chunk)
    const index = await recording.read()
    expect(index.headers.get('cache-control')).toBe('no-store')
    expect(RecordingIndex.parse(index.json)).toEqual({
      session: recording.session.id,
      record: recordOf(await recording.row()),
      startedAt: recording.session.startedAt,
      durationMs: 15_000,
      complete: false,
      chunks: chunks.map((chunk, n) => ({ number: n + 1, fromMs: n * 5_000, toMs: (n + 1) * 5_000, bytes: chunk.byteLength })),
    })
    const second = await recording.read('/chunks/2')
    expect([second.headers.get('content-type'), second.headers.get('cache-control'), second.bytes.equals(Buffer.from(chunks[1]!))]).toEqual(
      ['application/gzip', 'no-store', true],
    )
    expect((await recording.read('/chunks/4')).code).toBe('recording.notFound')
    const text = await recording.read('/terminal')
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
    await service.end(recording.session.id)
    expect(RecordingIndex.parse((await recording.read()).json).complete).toBe(true)
  })

  it('without a terminal has an empty text', async () => {
    await recording.put(1)
    expect(gunzipSync((await recording.read('/terminal')).bytes).byteLength).toBe(0)
  })

  it('is for managers of the tenant itself', async () => {
    await recording.put(1)
    for (const what of ['', '/chunks/1', '/terminal']) {
      const denied = await recording.read(what, { person: 'object-nobody' })
      expect([what, denied.status, denied.code]).toEqual([what, 403, 'access.denied'])
      const elsewhere = await recording.read(what, { directory: 'adatum' })
      expect([what, elsewhere.status, elsewhere.code]).toEqual([what, 404, 'recording.notFound'])
      const withTicket = await fetch(`${service.url}/v1/recordings/${recording.session.id}${what}`, {
        headers: { authorization: `Recording ${recording.ticket}` },
      })
      expect([what, withTicket.status]).toEqual([what, 401])
    }
    expect(await recording.records('recording.open')).toEqual([])
  })

  it('is in the audit log as opened: once per person, session and hour', async () => {
    await recording.put(1)
    const begun = service.clock.at
    await Promise.all([recording.read(), recording.read(), recording.read('/chunks/1'), recording.read('/terminal')])
    service.clock.at += limits.recordingOpenedMs - 1
    await recording.read('/chunks/1')
    expect(
      (await recording.records('recording.open')).map(({ objectName, operation, actor }) => [objectName, operation, actor !== null]),
    ).toEqual([['Boardroom', 'Update', true]])
    service.clock.at += 1
    await recording.read('/chunks/1')
    expect(await recording.records('recording.open')).toHaveLength(2)
    service.clock.at = begun
  })

  it('of nothing is none', async () => {
    for (const what of ['', '/chunks/1', '/terminal'])
      expect([what, (await recording.read(what)).code]).toEqual([what, 'recording.notFound'])
    expect(await recording.records('recording.open')).toEqual([])
  })
})

describe('retention', () => {
  /** Until the service has looked through its data again. */
  const deleted = () => until('the recording to be deleted', async () => (await recording.row()).recordingDeletedAt !== null)
  const keepFor = (days: number) =>
    service.deps.store.write(service.tenants[0], system, async (tx) => {
      const settings = await tx.get('settings', tx.tenant)
      if (settings) tx.put('settings', { ...settings, recordingDays: days })
    })

  it('deletes recordings when their days are over, and says so in the audit as the system', async () => {
    await keepFor(3)
    const other = await service.session({ device: recording.session.device })
    await service.put(other.id, 1, chunkOf(other.id, 1), await service.ticket(other))
    for (let number = 1; number <= 3; number += 1) await recording.put(number)
    await service.deps.store.write(service.tenants[0], system, async (tx) => {
      for (let number = 4; number <= 200; number += 1)
        await tx.insert
          .recordingChunk({ session: recording.session.id, number, fromMs: 0, toMs: 0, terminal: 0, body: Buffer.from('x') })
          .execute()
    })
    const before = await recording.row()
    await service.end(recording.session.id)
    const ended = service.clock.at
    service.clock.at = ended + 3 * dayMs
    expect((await recording.read()).status).toBe(200)
    service.clock.at += 1
    await service.end(other.id)
    // Whether it is deleted yet or not, nobody reads it any more.
    expect((await recording.read()).code).toBe('recording.notFound')
    await deleted()
    expect(await recording.stored()).toEqual([])
    expect(await recording.row()).toMatchObject({
      recordedBytes: before.recordedBytes,
      recordedMs: before.recordedMs,
      recordingDeletedAt: service.clock.at,
    })
    expect(
      (await recording.records('recording.delete')).map(({ actor, operation, objectName, detail }) => ({
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
        detail: { session: recording.session.id, room: recording.session.room, action: 'recording.delete', days: 3 },
      },
    ])
    expect((await service.get(`/v1/recordings/${other.id}`)).status).toBe(200)
    const again = await service.put(recording.session.id, 1, chunkOf(recording.session.id, 1), await service.ticket(recording.session))
    expect(again.code).toBe('recording.notFound')
    service.clock.at = ended
  })

  it('follows the setting as it is now, down to one day', async () => {
    await keepFor(180)
    await recording.put(1)
    await service.end(recording.session.id)
    const ended = service.clock.at
    service.clock.at += 100 * dayMs
    expect((await recording.read()).status).toBe(200)
    await keepFor(1)
    await deleted()
    expect(await recording.stored()).toEqual([])
    service.clock.at = ended
  })

  it('keeps the session log for 180 days, and what it has no longer than that', async () => {
    await keepFor(180)
    await recording.put(1)
    await service.end(recording.session.id)
    const ended = service.clock.at
    service.clock.at += retained.sessionDays * dayMs
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
    expect(await kept(recording.session.id)).toBe(true)
    service.clock.at += 1
    await until('the session to go', async () => !(await kept(recording.session.id)))
    expect(await recording.records('recording.delete')).toHaveLength(1)
    expect(await recording.stored()).toEqual([])
    expect(await kept(running.id)).toBe(true)
    service.clock.at = ended
  })
})
