import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Scenario } from './schema.ts'

const folder = join(import.meta.dirname, 'files')

/** Names of the scenarios that come with the agent. */
export const builtInScenarios = (): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort()

/** A scenario that comes with the agent, or undefined where there is none of that name. */
export function builtInScenario(name: string): Scenario | undefined {
  if (!builtInScenarios().includes(name)) return undefined
  return Scenario.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')))
}
