import { nearest } from '../actions.ts'
import { UsageError, type Command } from './command.ts'

/** The commands, each with its line in the list of all. */
export const commandSummaries = {
  fleet: 'run simulated rooms in three buildings',
  rooms: 'list the rooms that are running here',
  fault: 'change a signal of a running simulated room',
  scenario: 'play a scenario on the rooms that are running here',
  run: 'run the agent of one device: this machine, or one simulated room',
  enrol: 'install the agent on a device: checks, key pair, enrolment',
  check: 'check whether this machine can be enrolled: prerequisites and hosts',
  offboard: 'remove the agent from a device',
  shell: 'give the agent its remote terminals, from another account',
  units: 'write the systemd units of an installed agent',
} as const
export type CommandName = keyof typeof commandSummaries

/** Each is loaded when it is used, so that a small command does not wait for the libraries of a large one. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  fleet: async () => (await import('./fleet.ts')).fleetCommand,
  rooms: async () => (await import('./rooms.ts')).roomsCommand,
  fault: async () => (await import('./fault.ts')).faultCommand,
  scenario: async () => (await import('./scenario.ts')).scenarioCommand,
  run: async () => (await import('./run.ts')).runCommand,
  enrol: async () => (await import('./enrol.ts')).enrolCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  offboard: async () => (await import('./offboard.ts')).offboardCommand,
  shell: async () => (await import('./shell.ts')).shellCommand,
  units: async () => (await import('./units.ts')).unitsCommand,
}

/** The command of this name. @throws UsageError naming the nearest ones */
export function loadCommand(name: string): Promise<Command> {
  const names = Object.keys(commandSummaries) as CommandName[]
  const known = names.find((one) => one === name)
  if (known) return commands[known]()
  return Promise.reject(new UsageError(`There is no command "${name}". Nearest: ${nearest(names, name, 2).join(', ')}.`))
}
