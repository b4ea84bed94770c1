import type { Core, CoreOptions } from './platform.ts'

export type {
  AccessToken,
  Account,
  AccountState,
  BridgeServer,
  Core,
  CoreOptions,
  DataFolder,
  HostPlatform,
  Session,
  Undo,
  Vault,
  WindowPipe,
} from './platform.ts'
export { createLog, type Log, type LogLevel } from './log.ts'
export { lockDataFolder } from './lock.ts'

export type CreateCore = (options: CoreOptions) => Promise<Core>
