import { Dispatcher } from './bridge/dispatcher.ts'
import { callHandlers } from './calls/handlers.ts'
import { OpenedNotices } from './calls/notices.ts'
import { streamSources } from './calls/remote.ts'
import { topicSources } from './calls/topics.ts'
import { Console } from './console.ts'
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
  Vault,
  WindowPipe,
} from './platform.ts'
export { createLog, type Log, type LogLevel } from './log.ts'
export { lockDataFolder } from './lock.ts'

/**
 * Starts the console's core: opens the account that the session restored (with no network at all, CON-2) and serves the
 * bridge. Errors: `disk.failed` where the account's files can be neither used nor made.
 */
export async function createCore(options: CoreOptions): Promise<Core> {
  const core = new Console(options)
  await core.start()
  const opened = new OpenedNotices()
  return {
    bridge: new Dispatcher(callHandlers(core, opened), topicSources(core, opened), streamSources(core), options.system.clock, options.log),
    stop: () => core.stop(),
  }
}
