import { RoomkeeperError } from '../../contract/errors.ts'
import type { OutboxItem } from '../../contract/views.ts'
import type { Console } from '../console.ts'
import { type Enrolment, resetKey, saveInstaller, saveKey } from '../enrolment.ts'
import { saveNew } from '../files.ts'
import { subjectOf, submitCommand } from '../outbox/submit.ts'
import { makeBundle } from '../support/bundle.ts'
import { incidentCounts, incidentEntries, listIncidents } from '../views/incidents.ts'
import { searchJump } from '../views/jump.ts'
import { listRooms, roomBuildings, roomTotals } from '../views/rooms.ts'
import type { Shown } from '../views/shown.ts'
import { roomTimeline } from '../views/timeline.ts'
import type { CallHandlers } from './dispatcher.ts'

/** What every call of the contract does. */
export function callHandlers(core: Console): CallHandlers {
  const shown = <T>(run: (shown: Shown) => T): T => core.use((account) => run(account.shown))
  const enrolment = (): Enrolment => {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
    return { client: core.client, downloadFolder: core.options.host.downloadFolder, me: core.account.shown.me }
  }
  const { session } = core.options
  return {
    'rooms.list': (input) => shown((view) => listRooms(view, input)),
    'rooms.totals': ({ filter }) => shown((view) => roomTotals(view, filter)),
    'rooms.buildings': () => shown(roomBuildings),
    'rooms.events': ({ room, offset, limit }) => shown((view) => view.reader.roomEvents(room, offset, limit)),
    'rooms.timeline': ({ room, hours }) => shown((view) => roomTimeline(view, room, hours, core.clock.now())),
    'incidents.list': (input) => shown((view) => listIncidents(view, input)),
    'incidents.counts': ({ room }) => shown((view) => incidentCounts(view, room)),
    'incidents.entries': (input) => shown((view) => incidentEntries(view, input)),
    'search.jump': ({ text }) => shown((view) => searchJump(view, text)),

    'commands.submit': ({ command }) => shown((view) => ({ key: submitCommand(view, command) })),
    'outbox.list': () => shown((view) => ({ rows: outboxItems(view) })),
    'outbox.discard': ({ key }) => {
      core.account.outbox.discard(key)
      return {}
    },
    'outbox.retry': ({ key }) => ({ key: core.account.outbox.retry(key) }),

    'enrolment.saveInstaller': () => saveInstaller(enrolment()),
    'enrolment.saveKey': () => saveKey(enrolment()),
    'enrolment.resetKey': async () => {
      await resetKey(enrolment())
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
      const { sync, sender } = core.account
      sync.now()
      sender.kick()
      return {}
    },
    'preferences.set': (changes) => core.preferences.set(changes),
    'support.saveBundle': () => saveBundle(core),
  }
}

function outboxItems(view: Shown): OutboxItem[] {
  return view.outbox.rows().map(({ appliedAt: _appliedAt, ...row }) => ({ ...row, subject: subjectOf(view, row.command) }))
}

function saveBundle(core: Console): { path: string; bytes: number } {
  const { host, log, vault, folder } = core.options
  const account = core.accountOrNone
  const me = account?.shown.me
  const now = core.clock.now()
  const zip = makeBundle({
    version: host.version,
    host: host.kind,
    protection: vault.protection,
    preferences: core.preferences.preferences,
    workOffline: core.preferences.workOffline,
    session: core.session.state,
    sync: core.sync,
    counts: account?.shown.reader.counts() ?? {},
    outbox: core.outbox,
    settings: account?.shown.settings(),
    folder: account === null ? null : `${folder.path}/${account.id}`,
    log: log.recent(),
    names: [me?.name, me?.email, account?.shown.reader.only('tenant')?.name].filter((name) => name !== undefined),
    now,
  })
  return saveNew(host.downloadFolder, `roomkeeper-support-${new Date(now).toISOString().slice(0, 10)}.zip`, zip)
}
