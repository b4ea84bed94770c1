import type { CallName } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { CallHandlers, StreamSources } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'

type RemoteCall = Extract<CallName, `remote.${string}`>

const unknown = (): never => {
  throw new RoomkeeperError('remote.notFound')
}

export function remoteHandlers(_core: Console): Pick<CallHandlers, RemoteCall> {
  return {
    'remote.start': unknown,
    'remote.end': unknown,
    'remote.forget': unknown,
    'remote.restart': unknown,
    'remote.restartAtEnd': unknown,
    'remote.resize': unknown,
    'remote.log': unknown,
    'remote.saveLog': unknown,
    'remote.recording': unknown,
    'remote.chunk': unknown,
    'remote.searchRecording': unknown,
  }
}

export function streamSources(_core: Console): StreamSources {
  return { 'remote.screen': unknown, 'remote.terminal': unknown }
}
