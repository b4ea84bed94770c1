import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { z } from 'zod'
import { feedProtocolVersion, feedProtocolVersions, SnapshotPage } from '../../contract/feed.ts'
import { every } from '../../contract/timing.ts'
import type { AccessDeps } from '../access/deps.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import { onUpgrade } from '../ground/http/upgrades.ts'
import { Cursors } from './cursors.ts'
import { FeedHub } from './hub.ts'
import { snapshotPage } from './snapshot.ts'

/** In a thread of the pool: rooms are alike, and a page becomes a fifteenth of itself. */
const packed = promisify<string, Buffer>(gzip)

/** Whether an answer may be gzipped, by the request's own word (RFC 9110, 12.5.3). */
const takesGzip = (accepted: string | undefined): boolean =>
  (accepted ?? '').split(',').some((coding) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?:0?\.\d*[1-9]\d*|1(?:\.0*)?)\s*)?$/iu.test(coding))

/** How often tokens are looked at. */
const expiryEveryMs = 1_000

/** How consoles keep their copy (CON-2, ACC-8): pages of a snapshot, and the socket that follows. */
export const feed: Plugin<AccessDeps> = (app, deps) => {
  // Of no particular type: the page is text already.
  const response: Record<200, z.ZodType> = { 200: SnapshotPage }
  const cursors = new Cursors(deps.cursorKey)
  const hub = new FeedHub(deps, cursors)
  app.get(
    '/v1/snapshot',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'getSnapshot',
        summary: 'What a console’s copy starts from, a page at a time',
        tags: ['feed'],
        querystring: z.object({
          after: z.string().min(1).max(200).optional(),
          /** Of the feed's protocol; absent: the newest. */
          version: z.coerce
            .number()
            .pipe(z.literal([...feedProtocolVersions]))
            .default(feedProtocolVersion),
        }),
        response,
      },
    },
    async (request, reply) => {
      const page = await snapshotPage(deps.store, cursors, callerOf(request), request.query.version, request.query.after)
      // The text goes out as it is: the documents in it were checked when they were written.
      reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('vary', 'accept-encoding')
        .serializer((text: string) => text)
      if (!takesGzip(request.headers['accept-encoding'])) return reply.send(page)
      return reply.header('content-encoding', 'gzip').send(await packed(page))
    },
  )
  onUpgrade(app.server, '/v1/feed', (request, socket, head) => void hub.accept(request, socket, head))
  const unsubscribe = hub.listen()
  const ends = [every(deps.clock, deps.config.timing.feedBeatMs, () => hub.beat()), every(deps.clock, expiryEveryMs, () => hub.expire())]
  app.addHook('preClose', async () => {
    for (const end of ends) end()
    unsubscribe()
    hub.stop()
  })
}
