import type { GroundDeps, Plugin } from '../ground/deps.ts'
import { Storms } from './watch.ts'

/** Finds what rooms that fail together have in common (INC-3). */
export const stormWatch: Plugin<GroundDeps> = (app, { store, bus, clock, log }) => {
  const storms = new Storms({
    store,
    bus,
    clock,
    onProblem: (error) => log.error({ err: error }, 'storms could not be looked for; trying again'),
  })
  app.addHook('onReady', () => storms.start())
  app.addHook('preClose', () => storms.stop())
}
