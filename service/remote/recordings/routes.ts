import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { RecordingIndex, type RecordingTicket } from '../../../contract/recording.ts'
import type { AgentDeps } from '../../agents/deps.ts'
import type { Plugin } from '../../ground/deps.ts'
import { callerOf } from '../../ground/http/routeAccess.ts'
import { RateLimit } from '../../ground/rateLimit.ts'
import type { RemoteSessionTable } from '../tables.ts'
import { ChunkRefusals } from './chunkRefusals.ts'
import { Coming } from './coming.ts'
import { admitChunk, chunkOf, indexOf, noteOpened, recordingOf, takeChunk, terminalOf } from './recordings.ts'
import { RecordingThreads } from './threads.ts'
import { recordingTicketOf, recordingTickets } from './ticket.ts'

const tags = ['remote']
const Recording = z.object({ session: SessionId })
const Chunk = Recording.extend({ number: z.coerce.number().int().min(1) })
const auditor = { access: 'auditor' } as const

/** Recordings of remote sessions: uploaded by the device, played back by whoever may read the audit log. */
export const recordingRoutes: Plugin<AgentDeps> = (app, { store, clock, log, serviceName, sessionKey }) => {
  const threads = new RecordingThreads(clock)
  app.addHook('onClose', async () => threads.close())
  const check = recordingTickets({ serviceName, key: sessionKey, clock })
  const rate = new RateLimit(limits.requestsPerMinute, clock)
  const refused = new ChunkRefusals()
  const tickets = new WeakMap<FastifyRequest, RecordingTicket>()
  const coming = new Coming(limits.recordingChunksComing)

  // Nothing else is taken here.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/gzip', { parseAs: 'buffer', bodyLimit: limits.recordingChunkBytes }, (_request, body, done) =>
    done(null, body),
  )

  app.put(
    '/v1/recordings/:session/chunks/:number',
    {
      config: { access: 'device' },
      bodyLimit: limits.recordingChunkBytes,
      schema: {
        operationId: 'putChunk',
        summary: 'A device sends a chunk of a recording',
        tags,
        security: [],
        params: Chunk,
        consumes: ['application/gzip'],
      },
      // Before a byte of the body is read.
      onRequest: async (request) => {
        const ticket = await check(recordingTicketOf(request.headers.authorization))
        rate.take(ticket.sid)
        tickets.set(request, ticket)
        const params = Chunk.safeParse(request.params)
        const length = Number(request.headers['content-length'] ?? 0)
        if (!params.success) return
        if (params.data.session !== ticket.sid) throw new RoomkeeperError('auth.invalid')
        await admitChunk(store.read(ticket.tenant, 'wholeTenant').tables, ticket, params.data.number, length, clock.now())
        coming.add(ticket.sid, request.raw)
      },
    },
    async (request, reply) => {
      const ticket = tickets.get(request)
      if (!ticket) throw new RoomkeeperError('auth.invalid')
      if (!(request.body instanceof Uint8Array)) throw new RoomkeeperError('request.invalid', { detail: 'A chunk is application/gzip.' })
      await takeChunk({ store, threads, refused, clock }, ticket, request.params.number, request.body)
      return reply.code(200).send()
    },
  )

  /** The recording that is asked for, once that is in the audit log. */
  const opened = async (request: FastifyRequest, session: SessionId): Promise<RemoteSessionTable> => {
    const caller = callerOf(request)
    const row = await recordingOf(store, caller.tenant, session, clock.now())
    await noteOpened(store, caller, row, clock.now())
    return row
  }

  app.get(
    '/v1/recordings/:session',
    {
      config: auditor,
      schema: {
        operationId: 'getRecording',
        summary: 'What a recording consists of',
        tags,
        params: Recording,
        response: { 200: RecordingIndex },
      },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      return indexOf(store, await opened(request, request.params.session))
    },
  )

  app.get(
    '/v1/recordings/:session/chunks/:number',
    {
      config: auditor,
      schema: { operationId: 'getChunk', summary: 'A chunk of a recording', produces: ['application/gzip'], tags, params: Chunk },
    },
    async (request, reply) => {
      const body = await chunkOf(store, await opened(request, request.params.session), request.params.number)
      return reply
        .type('application/gzip')
        .header('cache-control', 'no-store')
        .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
    },
  )

  app.get(
    '/v1/recordings/:session/terminal',
    {
      config: auditor,
      schema: {
        operationId: 'getTerminal',
        summary: 'What terminals of a session wrote',
        produces: ['application/gzip'],
        tags,
        params: Recording,
      },
    },
    async (request, reply) => {
      const lines = terminalOf(store, threads, await opened(request, request.params.session))
      const packed = createGzip()
      pipeline(Readable.from(lines, { objectMode: false }), packed, (error) => {
        // Who stopped reading has gone away; that is no failure.
        if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') log.error({ err: error }, 'a recording could not be read')
      })
      return reply.type('application/gzip').header('cache-control', 'no-store').send(packed)
    },
  )
}
