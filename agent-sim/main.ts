import { RoomkeeperError } from '../contract/errors.ts'
import { enrolmentErrors, otherErrorRemedy } from './agent/enrolment-errors.ts'
import { InstallationError } from './agent/installation.ts'
import { JournalStoreError } from './agent/journal-store.ts'
import { KeyStoreError } from './agent/identity.ts'
import { ProxyError } from './agent/proxy.ts'
import { ServiceAddressError } from './agent/service-address.ts'
import { ActionError } from './actions.ts'
import { checkCommand } from './cli/check.ts'
import { print, UsageError, type Command } from './cli/command.ts'
import { enrolCommand } from './cli/enrol.ts'
import { faultCommand } from './cli/fault.ts'
import { fleetCommand } from './cli/fleet.ts'
import { offboardCommand } from './cli/offboard.ts'
import { roomsCommand } from './cli/rooms.ts'
import { runCommand } from './cli/run.ts'
import { scenarioCommand } from './cli/scenario.ts'

/** The command line of the device agent and its simulated rooms. Runs on Node. */
const commands: Readonly<Record<string, Command>> = {
  fleet: fleetCommand,
  rooms: roomsCommand,
  fault: faultCommand,
  scenario: scenarioCommand,
  run: runCommand,
  enrol: enrolCommand,
  check: checkCommand,
  offboard: offboardCommand,
}

const usage = `Usage: npm run agent -- COMMAND [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}

"COMMAND --help" says more about each.`

/** Errors that are explained to the person who typed the command, without a stack. */
const explained = [ActionError, JournalStoreError, KeyStoreError, ProxyError, ServiceAddressError]

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    print(usage)
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) throw new UsageError(`There is no command "${name}".`)
  if (args.includes('--help') || args.includes('-h')) {
    print(command.help)
    return 0
  }
  return command.run(args)
}

/** What an error means to the person at the device, and the exit code for it. */
function explain(error: unknown): { text: string; code: number } {
  if (error instanceof UsageError) return { text: `${error.message}\nSee: npm run agent -- --help`, code: 2 }
  if (error instanceof InstallationError) {
    const remedy = error.error === undefined ? otherErrorRemedy : enrolmentErrors[error.error].remedy
    return { text: `${error.message}\n${remedy.en}`, code: 1 }
  }
  if (error instanceof RoomkeeperError) return { text: `The service refused: ${error.code}. ${error.message}`, code: 1 }
  if (explained.some((kind) => error instanceof kind) && error instanceof Error) return { text: error.message, code: 1 }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 }
}

// Whoever reads the answer may stop reading, as `head` does.
process.stdout.on('error', () => process.exit(0))

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { text, code } = explain(error)
  process.stderr.write(`${text}\n`)
  // Whatever still runs was started for a command that failed.
  process.exit(code)
}
