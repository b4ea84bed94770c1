import type { CallName } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { SessionId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { chunkPath, RecordingIndex } from '../../contract/recording.ts'
import { SessionPage } from '../../contract/remote.ts'
import type { CallHandlers, StreamSources } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'
import { readChunk, searchTerminals } from '../remote/recordings.ts'
import type { RemoteSession } from '../remote/session.ts'
import type { ServiceClient } from '../sync/http.ts'
import { dayOf, queryOf, saveDownload } from './downloads.ts'

type RemoteCall = Extract<CallName, `remote.${string}`>

/** What the screens ask of remote sessions, their log and their recordings (REM-3, REM-8). Nothing here is queued. */
export function remoteHandlers(core: Console): Pick<CallHandlers, RemoteCall> {
  const of = (tenant: TenantId): ServiceClient => {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
    return core.clientOf(tenant)
  }
  const done = (session: SessionId, run: (one: RemoteSession) => void): Record<string, never> => {
    run(core.remote.get(session))
    return {}
  }
  return {
    'remote.start': async ({ tenant, room, mode }) => {
      const client = of(tenant)
      const { shown } = core.accountOf(tenant)
      const roomName = shown.reader.get('room', room)?.name ?? ''
      return { session: await core.remote.start({ client, tenant: { id: tenant, name: shown.tenant?.name ?? '' }, room, roomName, mode }) }
    },
    'remote.end': ({ session }) => done(session, (one) => void one.end('operatorEnded')),
    'remote.forget': ({ session }) => {
      core.remote.forget(session)
      return {}
    },
    'remote.restart': ({ session }) => done(session, (one) => one.restart()),
    'remote.restartAtEnd': ({ session, on }) => done(session, (one) => one.restartAtEnd(on)),
    'remote.resize': ({ session, terminal, columns, rows }) => done(session, (one) => one.resize(terminal, columns, rows)),

    'remote.log': ({ tenant, ...query }, signal) => of(tenant).json(SessionPage, { path: `/v1/sessions${queryOf(query)}`, signal }),
    'remote.saveLog': async ({ tenant, from, to }, signal) => {
      const { bytes } = await of(tenant).ask({
        path: `/v1/sessions.csv${queryOf({ from, to })}`,
        atMostBytes: limits.auditCsvBytes,
        signal,
      })
      return saveDownload(core, `roomkeeper-sessions-${dayOf(from)}-${dayOf(Math.max(from, to - 1))}.csv`, 'roomkeeper-sessions.csv', bytes)
    },
    'remote.recording': ({ tenant, session }, signal) => of(tenant).json(RecordingIndex, { path: `/v1/recordings/${session}`, signal }),
    'remote.chunk': async ({ tenant, session, number }, signal) => {
      const { bytes } = await of(tenant).ask({ path: chunkPath(session, number), atMostBytes: limits.recordingChunkBytes, signal })
      return readChunk(bytes, session, number, core.options.system.turn)
    },
    'remote.searchRecording': async ({ tenant, session, text }, signal) => {
      const { bytes } = await of(tenant).ask({
        path: `/v1/recordings/${session}/terminal`,
        atMostBytes: limits.recordingTerminalBytes,
        signal,
      })
      return searchTerminals(bytes, text, core.options.system.turn)
    },
  }
}

/** The screens and terminals of remote sessions, as byte streams (REM-4, REM-6). */
export function streamSources(core: Console): StreamSources {
  return {
    'remote.screen': ({ session, display }, stream) => core.remote.get(session).openScreen(display, stream),
    'remote.terminal': ({ session, ...terminal }, stream) => core.remote.get(session).openTerminal(terminal, stream),
  }
}
