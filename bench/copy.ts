import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { snapshotPath } from '../contract/feed.ts'
import { limits } from '../contract/limits.ts'
import { machine } from '../contract/machine.ts'
import { Cache } from '../main/cache/cache.ts'
import { createLog } from '../main/log.ts'
import { type Session } from '../main/platform.ts'
import { ServiceTime } from '../main/serviceTime.ts'
import { ServiceClient } from '../main/sync/http.ts'
import { feedOf } from '../main/sync/socket.ts'
import { Sync } from '../main/sync/sync.ts'
import { type Service } from './stack.ts'

const liveMs = 120_000

/** The console's own copy, without its screens: cache and sync as they are, a token instead of a sign-in. */
export interface Copy {
  /** Called with the rooms of each committed write. */
  onRooms(listener: (rooms: readonly string[]) => void): void
  /** The rooms in it now. */
  rooms(): number
  close(): Promise<void>
}

function signedIn(service: Pick<Service, 'token'>): Session {
  const state = {
    state: 'signedIn',
    account: { id: 'benchbenchbenchbench', name: 'Bench', email: 'bench@contoso.example' },
    renewalNeeded: false,
  } as const
  const nothing = () => Promise.resolve()
  return {
    state,
    listen: () => () => undefined,
    accessToken: () => Promise.resolve({ token: service.token, expiresAt: Date.now() + 600_000 }),
    signIn: nothing,
    cancelSignIn: nothing,
    signOut: nothing,
  }
}

const { clock, random } = machine({ keepsAlive: false })

/** Opens an empty copy of what the token's owner sees, and waits until it follows the service live. */
export async function openCopy(service: Pick<Service, 'url' | 'data' | 'token'>): Promise<Copy> {
  const log = createLog('silent')
  const cache = await Cache.open({ path: join(service.data, 'copy.db'), key: randomBytes(32), clock: clock, log })
  const session = signedIn(service)
  const client = new ServiceClient(service.url, session, clock)
  const sync = new Sync({
    store: cache,
    session,
    fetchPage: async (after, signal) => {
      return (await client.ask({ path: snapshotPath(after), atMostBytes: limits.snapshotPageBytes, signal })).bytes
    },
    openFeed: feedOf(service.url),
    clock: new ServiceTime(clock, 0),
    random: () => random.number(),
    log,
    onSnapshot: () => undefined,
  })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the copy was not live after ${liveMs / 1000} s`)), liveMs)
    sync.listen(({ state }) => {
      if (state !== 'live') return
      clearTimeout(timer)
      resolve()
    })
    sync.open(null)
  })
  return {
    onRooms: (listener) => {
      cache.onChange((change) => listener(change.rooms ?? []))
    },
    rooms: () => cache.reader.counts().room ?? 0,
    close: async () => {
      sync.stop()
      await cache.close()
    },
  }
}
