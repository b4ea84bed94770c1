import { existsSync } from 'node:fs'
import { ActionError, nearest } from '../actions.ts'
import { RunningRooms } from '../control/client.ts'
import { builtInScenario, builtInScenarios } from '../scenarios/built-in.ts'
import { plan } from '../scenarios/plan.ts'
import { play } from '../scenarios/play.ts'
import { Scenario } from '../scenarios/schema.ts'
import { agentsFolder, dataHelp, jsonFile, parse, print, UsageError, type Command } from './command.ts'
import { askedToEnd } from './process.ts'

export const scenarioCommand: Command = {
  help: `Usage: npm run agent -- scenario FILE|NAME [options]

The same scenario, rooms and seed do the same things in the same order. Ctrl-C ends it where it is.

  --seed N                   another seed, other rooms and moments (default: the scenario's own)
  --plan                     print what would be done, as lines of JSON, and do nothing
${dataHelp}

Scenarios that come along:
${builtInScenarios()
  .map((name) => `  ${name.padEnd(16)} ${builtInScenario(name)?.description ?? ''}`)
  .join('\n')}`,
  async run(args, { clock }) {
    const options = { seed: { type: 'string' }, plan: { type: 'boolean' }, data: { type: 'string' } } as const
    const { values, positionals } = parse(args, options, 1)
    const scenario = load(positionals[0])
    const running = await RunningRooms.find(agentsFolder(values.data), clock)
    const planned = plan(
      scenario,
      running.rooms.filter(({ simulated, connection }) => simulated && connection !== 'offboarded'),
      values.seed,
    )
    if (values.plan) {
      for (const step of planned) print(JSON.stringify(step))
      return 0
    }
    const ending = new AbortController()
    using asked = askedToEnd(false)
    void asked.end.then(() => ending.abort())
    await play(planned, {
      act: (actions) => running.act(actions),
      timers: clock,
      now: () => clock.now(),
      signal: ending.signal,
      onActions: (atMs, actions) => {
        for (const action of actions) print(`${(atMs / 1_000).toFixed(1).padStart(7)}s  ${describe(action)}`)
      },
    })
    return 0
  },
}

function load(wanted: string | undefined): Scenario {
  if (wanted === undefined) throw new UsageError(`Name a scenario: a file, or one of ${builtInScenarios().join(', ')}.`)
  const known = builtInScenario(wanted)
  if (known) return known
  if (existsSync(wanted)) return jsonFile(wanted, 'scenario', Scenario)
  throw new ActionError(`There is no scenario and no file "${wanted}". Nearest: ${nearest(builtInScenarios(), wanted, 2).join(', ')}.`)
}

function describe(action: Parameters<RunningRooms['act']>[0][number]): string {
  switch (action.do) {
    case 'signal':
      return `${action.room}: ${action.signal} ${action.value}${action.detail === undefined ? '' : ` (${action.detail})`}`
    case 'mend':
      return `${action.room}: ${action.signal} mended`
    case 'network':
      return `${action.room}: network ${action.up ? 'up' : 'down'}`
    case 'facts':
      return `${action.room}: ${JSON.stringify(action.facts)}`
  }
}
