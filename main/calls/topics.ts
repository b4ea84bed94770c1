import type { Undo } from '../../contract/system.ts'
import type { AppState, IncidentView } from '../../contract/views.ts'
import type { TopicSources } from '../bridge/dispatcher.ts'
import { type Console, everyKind } from '../console.ts'
import { incidentView, needAction } from '../views/incidents.ts'
import { roomView } from '../views/rooms.ts'
import type { ShownChange } from '../views/shown.ts'
import type { OpenedNotices } from './notices.ts'

/** Where the values of every topic of the contract come from. */
export function topicSources(core: Console, opened: OpenedNotices): TopicSources {
  return {
    app: (_input, emit) => {
      emit(appState(core))
      return core.setup.onChange.listen(() => emit(appState(core)))
    },
    preferences: (_input, emit) => {
      emit(core.preferences.preferences)
      return core.preferences.listen(emit)
    },
    session: (_input, emit) => {
      emit(core.session)
      return core.onSession.listen(emit)
    },
    sync: (_input, emit) => {
      emit(core.sync)
      return core.onSync.listen(emit)
    },
    clock: (_input, emit) => {
      emit({ aheadMs: core.clock.skew })
      return core.clock.onSkew.listen((aheadMs) => emit({ aheadMs }))
    },
    outbox: (_input, emit) => {
      emit(core.outbox)
      return core.onOutbox.listen(emit)
    },
    changes: (_input, emit) => {
      emit(core.changes.everything(everyKind))
      return core.changes.listen(emit)
    },
    'remote.sessions': (_input, emit) => {
      emit({ sessions: core.remote.views })
      return core.remote.onChange.listen(() => emit({ sessions: core.remote.views }))
    },
    noticeOpened: (_input, emit) => {
      emit(opened.last)
      return opened.onOpened.listen(emit)
    },
    needAction: (_input, emit) =>
      watch(
        core,
        emit,
        () => needAction(core.everything),
        ({ kinds }) => kinds.includes('incident') || kinds.includes('me'),
      ),
    settings: (_input, emit) =>
      watch(
        core,
        emit,
        () => core.acting.shown.settings(),
        ({ kinds }) => kinds.includes('settings'),
      ),
    room: ({ room }, emit) =>
      watch(
        core,
        emit,
        () => roomView(core.everything, room),
        (change) => change.rooms?.includes(room) ?? true,
      ),
    incident: ({ incident }, emit) => {
      let room: string | undefined
      // How many are of its storm is a part of it.
      let inStorm = false
      const read = (): IncidentView | undefined => {
        const view = incidentView(core.everything, incident)
        room = view?.room
        inStorm = view?.storm !== undefined
        return view
      }
      const concerns = (change: ShownChange): boolean =>
        change.incidents === undefined ||
        change.incidents.includes(incident) ||
        (inStorm && change.incidents.length > 0) ||
        (room !== undefined && (change.rooms?.includes(room) ?? true))
      return watch(core, emit, read, concerns)
    },
  }
}

/** Gives a view at once and whenever it comes out differently after a change that concerns it. */
function watch<T>(
  core: Console,
  emit: (value: T | null) => void,
  read: () => T | undefined,
  concerns: (change: ShownChange) => boolean,
): Undo {
  let last: string | undefined
  const look = (): void => {
    const value = core.tenantsOrNone === null ? null : (core.use(read) ?? null)
    const text = JSON.stringify(value)
    if (text === last) return
    last = text
    emit(value)
  }
  look()
  return core.onShown.listen((change) => {
    if (concerns(change)) look()
  })
}

function appState(core: Console): AppState {
  const { host, service, vault, folder } = core.options
  return {
    host: host.kind,
    version: host.version,
    platform: `${process.platform} ${process.arch}`,
    service,
    protection: vault.protection,
    setupRequired: core.setup.required,
    dataFolder: folder.path,
  }
}
