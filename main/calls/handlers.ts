import { RoomkeeperError } from '../../contract/errors.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { CallHandlers } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'
import { saveNew } from '../files.ts'
import { makeBundle } from '../support/bundle.ts'
import { readHandover } from '../views/handover.ts'
import { incidentCounts, incidentEntries, listIncidents, pickIncidents } from '../views/incidents.ts'
import { searchJump } from '../views/jump.ts'
import { readOverview } from '../views/overview.ts'
import type { Picture } from '../views/picture.ts'
import { listRooms, pickRooms, roomBuildings, roomTotals } from '../views/rooms.ts'
import { roomTiles } from '../views/tiles.ts'
import { readWall } from '../views/wall.ts'
import { discardCommand, outboxItems, retryCommand, submitAllWhereTheyBelong, submitWhereItBelongs } from './commands.ts'
import { type Enrolment, resetKey, saveInstaller, saveKey } from './enrolment.ts'
import { historyHandlers } from './history.ts'
import { noticeHandlers, type OpenedNotices } from './notices.ts'
import { policyHandlers } from './policy.ts'
import { remoteHandlers } from './remote.ts'

/** What every call of the contract does. */
export function callHandlers(core: Console, opened: OpenedNotices): CallHandlers {
  /** Over what is entered. */
  const entered = <T>(run: (picture: Picture) => T): T => core.use(({ picture }) => run(picture))
  /** Over one thing, wherever it is. */
  const anywhere = <T>(run: (picture: Picture) => T): T => core.use(({ everything }) => run(everything))
  const enrolment = (tenant: TenantId): Enrolment => {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
    return { client: core.clientOf(tenant), downloadFolder: core.options.host.downloadFolder, me: core.accountOf(tenant).shown.me }
  }
  const { session } = core.options
  return {
    ...policyHandlers(core),
    ...noticeHandlers(core, opened),
    ...remoteHandlers(core),

    'rooms.list': (input) => entered((picture) => listRooms(picture, input)),
    'rooms.pick': (input) => entered((picture) => pickRooms(picture, input)),
    'rooms.totals': ({ filter }) => entered((picture) => roomTotals(picture, filter)),
    'rooms.buildings': () => entered(roomBuildings),
    ...historyHandlers(core),
    'overview.read': () => entered((picture) => readOverview(picture, untilOf(core))),
    'wall.read': (input) => entered((picture) => readWall(picture, input, untilOf(core))),
    'rooms.tiles': (input) => entered((picture) => roomTiles(picture, input)),
    'handover.read': ({ hours }) =>
      entered((picture) => ({ ...readHandover(picture, hours, untilOf(core)), pending: outboxItems(core.tenants) })),
    'incidents.list': (input) => entered((picture) => listIncidents(picture, input)),
    'incidents.pick': (input) => entered((picture) => pickIncidents(picture, input)),
    'incidents.counts': ({ room }) => entered((picture) => incidentCounts(picture, room)),
    'incidents.entries': (input) => anywhere((picture) => incidentEntries(picture, input)),
    'search.jump': ({ text }) => entered((picture) => searchJump(picture, text)),

    'commands.submit': ({ command, tenant }) => core.use(() => submitWhereItBelongs(core, command, tenant).then((key) => ({ key }))),
    'commands.submitAll': ({ commands }) => core.use(() => submitAllWhereTheyBelong(core, commands).then((keys) => ({ keys }))),
    'outbox.list': () => core.use(() => ({ rows: outboxItems(core.tenants) })),
    'outbox.discard': async ({ key }) => {
      await discardCommand(core.tenants, key)
      return {}
    },
    'outbox.retry': async ({ key }) => ({ key: await retryCommand(core.tenants, key) }),

    'enrolment.saveInstaller': ({ tenant }) => saveInstaller(enrolment(tenant)),
    'enrolment.saveKey': ({ tenant }) => saveKey(enrolment(tenant)),
    'enrolment.resetKey': async ({ tenant }) => {
      await resetKey(enrolment(tenant))
      return {}
    },

    'session.enter': ({ tenant }) => {
      core.enter(tenant)
      return {}
    },
    'session.signIn': async ({ method }) => {
      await session.signIn(method)
      return {}
    },
    'session.cancelSignIn': async () => {
      await session.cancelSignIn()
      return {}
    },
    'session.signOut': async ({ unsent }) => {
      await core.signOut(unsent)
      return {}
    },
    'session.setUp': async (request) => {
      await core.setup.setUp(request)
      return {}
    },

    'sync.workOffline': ({ on }) => {
      core.workOffline(on)
      return {}
    },
    'sync.now': () => {
      core.tenants.retry()
      return {}
    },
    'preferences.set': (changes) => core.preferences.set(changes),
    'support.saveBundle': () => saveBundle(core),
  }
}

/** Up to when the copy tells: as long as it is live, now. */
function untilOf({ sync, clock }: Console): number {
  const now = clock.now()
  return sync.state === 'live' || !('syncedAt' in sync) ? now : Math.min(now, sync.syncedAt ?? now)
}

function saveBundle(core: Console): { path: string; bytes: number } {
  const { host, log, vault } = core.options
  const accounts = core.tenantsOrNone?.all ?? []
  const now = core.clock.now()
  const zip = makeBundle({
    version: host.version,
    host: host.kind,
    protection: vault.protection,
    preferences: core.preferences.preferences,
    workOffline: core.preferences.workOffline,
    session: core.session.state,
    sync: core.sync,
    counts: accounts.map(({ shown }) => shown.reader.counts()),
    outbox: core.outbox,
    settings: accounts[0]?.shown.settings(),
    folders: accounts.map(({ place }) => place.folder),
    log: log.recent(),
    names: accounts.flatMap(({ shown: { me, tenant } }) => [me?.name, me?.email, tenant?.name].filter((name) => name !== undefined)),
    now,
  })
  return saveNew(host.downloadFolder, `roomkeeper-support-${new Date(now).toISOString().slice(0, 10)}.zip`, zip)
}
