import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { TopicOutput } from '../../../contract/bridge.ts'
import { RoomId } from '../../../contract/ids.ts'
import { until } from '../../../contract/testing/wait.ts'
import type { RemoteSessionView } from '../../../contract/views.ts'
import { openConsole } from './product.ts'

/**
 * For tests: a console with a session, as a process that can be killed. Arguments: a JSON file. Says which session it is when it is live.
 */

const Given = z.object({ folder: z.string(), service: z.string(), token: z.string(), room: RoomId })
const { folder, service, token, room } = Given.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
const { bridge } = await openConsole(folder, service, token)
const latest: { session?: TopicOutput<'session'>; sessions: readonly RemoteSessionView[] } = { sessions: [] }
bridge.listen('session', {}, (value) => (latest.session = value))
bridge.listen('remote.sessions', {}, ({ sessions }) => (latest.sessions = sessions))
const { tenant } = await until('who I am', () => (latest.session?.state === 'signedIn' ? latest.session.me : undefined))
await until('the room', async () =>
  (await bridge.call('rooms.list', { filter: {}, sort: 'name', descending: false, offset: 0, limit: 20 })).rows.some(
    ({ id }) => id === room,
  ),
)
const { session } = await bridge.call('remote.start', { tenant, room, mode: 'modify' })
await until('what the device offers', () => latest.sessions.find(({ id }) => id === session)?.offers)
process.stdout.write(`${JSON.stringify({ session })}\n`)
