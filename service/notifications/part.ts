import type { AccessDeps } from '../access/deps.ts'
import type { Part } from '../ground/part.ts'
import { notificationCommands } from './commands.ts'
import { pruneTold } from './notices.ts'
import { notifications, webhookOptions } from './plugin.ts'
import { notificationRoutes } from './routes.ts'
import { webhookTester } from './webhook.ts'

/** Who is told what of incidents, how and when. */
export const notificationsPart: Part<AccessDeps> = {
  name: 'notifications',
  commands: (deps) => notificationCommands({ store: deps.store, tester: webhookTester(webhookOptions(deps)) }),
  plugins: [notificationRoutes, notifications],
  prune: pruneTold,
}
