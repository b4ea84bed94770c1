import { defineStore } from 'pinia'
import { computed, inject, ref, shallowRef } from 'vue'
import { may as mayBy, mayEverywhere as mayEverywhereBy } from '../../contract/access.ts'
import type { TopicName, TopicOutput } from '../../contract/bridge.ts'
import { type CommandType, mayCommand } from '../../contract/commands.ts'
import type { RoomId, TenantId } from '../../contract/ids.ts'
import { builtInRoles, type Permission } from '../../contract/permissions.ts'
import type { AppState, Preferences, SessionState, SettingsView, SyncState } from '../../contract/views.ts'
import { pipeKey, useBridge } from '../bridge/index.ts'
import { useClock } from './clock.ts'

type Changes = TopicOutput<'changes'>

/** What the console's core says of itself: program, person, sync, unsent work, settings. All of it is live. */
export const useConsole = defineStore('console', () => {
  const bridge = useBridge()
  const pipe = inject(pipeKey)

  const app = shallowRef<AppState | null>(null)
  const preferences = shallowRef<Preferences>({ language: 'system', theme: 'system' })
  const session = shallowRef<SessionState | null>(null)
  const sync = shallowRef<SyncState>({ state: 'stopped' })
  const outbox = shallowRef<TopicOutput<'outbox'>>({ pending: 0, refused: 0, toSend: 0 })
  const settings = shallowRef<SettingsView | null>(null)
  /** Whether the core can be heard; null until it was for the first time. */
  const linked = ref<boolean | null>(null)

  const watchers = new Set<(changes: Changes) => void>()
  const hear = <N extends TopicName>(name: N, into: (value: TopicOutput<N>) => void): void => {
    bridge.listen(name, {} as Parameters<typeof bridge.listen<N>>[1], into)
  }
  pipe?.onOpen((open) => {
    if (open) linked.value = true
    else if (linked.value !== null) linked.value = false
  })
  hear('app', (value) => (app.value = value))
  hear('preferences', (value) => (preferences.value = value))
  hear('session', (value) => (session.value = value))
  hear('sync', (value) => (sync.value = value))
  hear('clock', ({ aheadMs }) => (useClock().ahead = aheadMs))
  hear('outbox', (value) => (outbox.value = value))
  hear('settings', (value) => (settings.value = value))
  hear('changes', (value) => {
    for (const watcher of watchers) watcher(value)
  })

  /** Called with every change of the cache. Returns its undo. */
  function onChanges(watcher: (changes: Changes) => void): () => void {
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }

  const me = computed(() => (session.value?.state === 'signedIn' ? session.value.me : null))
  /**
   * What the operator may do, mirrored from the service's own rule. With all customers together only one's own access is
   * at hand: on the rows of a customer (`of`) that which a partner can hold at all is offered, and the service decides.
   */
  function may(permission: Permission, room?: RoomId, of?: { id: TenantId }): boolean {
    if (me.value === null) return false
    if (of !== undefined && of.id !== me.value.tenant)
      return builtInRoles.primaryAdmin.permissions.includes(permission) || permission.startsWith('remoteAccess.')
    return mayBy(me.value.access, permission, room)
  }
  /** Over all rooms of the tenant: for what is about no room. */
  const mayEverywhere = (permission: Permission): boolean => me.value !== null && mayEverywhereBy(me.value.access, permission)
  /** Whether commands of this type are theirs to send at all; those about rooms also ask `may` of each room. */
  const maySend = (type: CommandType): boolean => me.value !== null && mayCommand(me.value.access, type)
  /** One's own organisation first, then the customers. */
  const tenants = computed(() => (session.value?.state === 'signedIn' ? session.value.tenants : []))
  /** Whose data is shown: one tenant's, or that of all together. */
  const entered = computed(() => (session.value?.state === 'signedIn' ? session.value.entered : null))
  const all = computed(() => entered.value === 'all')
  /** One's own organisation; null until it was synced once. */
  const own = computed(() => tenants.value.find(({ link }) => link === null)?.id ?? null)
  /** The tenant that is acted in: the entered one; one's own with all together. */
  const acting = computed(() => (entered.value === 'all' ? own.value : entered.value))
  /** The copy of the tenant that is entered was locked: its offline lease has ended (ACC-8). */
  const locked = computed(() => tenants.value.some(({ id, locked: shut }) => shut && id === entered.value))
  const offline = computed(() => sync.value.state === 'offline')
  /** When the copy last agreed with the service, in UTC milliseconds. */
  const syncedAt = computed(() => ('syncedAt' in sync.value ? sync.value.syncedAt : null))
  /** Nothing has ever been synced to this copy, so empty lists mean nothing yet. */
  const neverSynced = computed(() => syncedAt.value === null)

  return {
    app,
    preferences,
    session,
    sync,
    outbox,
    settings,
    linked,
    me,
    may,
    mayEverywhere,
    maySend,
    tenants,
    entered,
    all,
    own,
    acting,
    locked,
    offline,
    syncedAt,
    neverSynced,
    onChanges,
  }
})
