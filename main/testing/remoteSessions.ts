import { RoomkeeperError } from '../../contract/errors.ts'
import { RoomId, type SessionId, TenantId } from '../../contract/ids.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import type { WindowStream } from '../bridge/dispatcher.ts'
import { createLog } from '../log.ts'
import { RemoteSessions } from '../remote/sessions.ts'
import { idOf } from './documents.ts'
import { FakeClient, FakeDevice, FakeLink, recordOf, refuse } from './remote.ts'

/** Sessions of a console whose links, device and service are in a test's hand. */

export const room = RoomId.parse(idOf('room', 1))
export const tenant = { id: TenantId.parse(idOf('tenant', 1)), name: 'Contoso' }
export const ready = {
  type: 'ready',
  displays: ['console', 'frontOfRoom1'],
  terminal: true,
  restart: true,
  restartAtEnd: true,
  recording: true,
} as const

/** A window's end of a stream. */
export class Stream implements WindowStream {
  readonly got: string[] = []
  full = false
  over: string | undefined
  send(bytes: Uint8Array): boolean {
    this.got.push(Buffer.from(bytes).toString())
    return !this.full
  }
  end(): void {
    this.over = 'ended'
  }
  fail(error: unknown): void {
    this.over = error instanceof RoomkeeperError ? error.code : String(error)
  }
}

/** `changes`: of the grant; `tampered`: the device does not prove itself. */
export function setUp({ changes = {}, tampered = false }: { changes?: object; tampered?: boolean } = {}) {
  const { clock, ids, random } = fakeSystem()
  const device = new FakeDevice()
  const links: FakeLink[] = []
  const log = createLog('silent')
  let end: Parameters<typeof recordOf>[1] = 'operatorEnded'
  const client = new FakeClient(({ method, path, body }) => {
    if (method === 'POST' && path === '/v1/sessions') {
      const { answer } = device.agree(body, 'a-secret-ticket', changes)
      return tampered ? { ...answer, device: { ...answer.device, signature: 'B'.repeat(86) } } : answer
    }
    return recordOf(path.split('/')[3] ?? '', end)
  })
  const sessions = new RemoteSessions({
    dial: () => refuse('console.failed'),
    clock,
    log,
    system: { ids, random: { ...random, number: () => 0 } },
    makeLink: (options) => {
      const link = new FakeLink(options)
      links.push(link)
      return link
    },
  })
  const start = (mode: 'view' | 'modify' = 'modify'): Promise<SessionId> =>
    sessions.start({ client, tenant, room, roomName: 'Room 1', mode })
  /** A session that is live, its link, and what it is told. */
  const live = async (mode: 'view' | 'modify' = 'modify') => {
    const id = await start(mode)
    const link = links.at(-1)
    if (link === undefined) throw new Error('no link was made')
    link.be({ state: 'live' })
    link.say(ready)
    return { id, link, session: sessions.get(id) }
  }
  return {
    clock,
    client,
    sessions,
    links,
    log,
    start,
    live,
    ends: (reason: typeof end) => (end = reason),
    state: () => sessions.views.at(-1)?.state,
    asked: (path: string) => client.asked.filter((one) => one.path.endsWith(path)),
  }
}
