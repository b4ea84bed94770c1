import type { Plugin } from '../ground/deps.ts'
import type { SuppressionDeps } from './deps.ts'
import { SuppressionTimers } from './due.ts'

/** What was due while the service was away happens before devices and timers of incidents come. */
export const suppressionTimers: Plugin<SuppressionDeps> = async (app, deps) => {
  const timers = new SuppressionTimers({
    ...deps,
    onProblem: (error) => deps.log.error({ err: error }, 'timers of suppressions failed; trying again'),
  })
  await timers.start()
  app.addHook('preClose', () => timers.stop())
}
