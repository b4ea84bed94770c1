import { RoomkeeperError } from '../contract/errors.ts'
import { machine } from '../contract/machine.ts'
import { plainLines } from '../contract/text.ts'
import { print, UsageError } from './cli/command.ts'
import { commandSummaries, loadCommand } from './cli/commands.ts'
import { ExplainedError } from './explained.ts'

/** The command line of the device agent and its simulated rooms. Runs on Node. */
const usage = `Usage: npm run agent -- COMMAND [options]

${Object.entries(commandSummaries)
  .map(([name, summary]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}

"COMMAND --help" says more about each.`

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    print(usage)
    return name === undefined ? 2 : 0
  }
  const command = await loadCommand(name)
  if (args.includes('--help') || args.includes('-h')) {
    print(command.help)
    return 0
  }
  return command.run(args, machine({ keepsAlive: true }))
}

/** What an error means to the person at the device, and the exit code for it. */
function explain(error: unknown): { text: string; code: number } {
  if (error instanceof UsageError) return { text: `${error.message}\nSee: npm run agent -- --help`, code: 2 }
  if (error instanceof RoomkeeperError) return { text: `The service refused: ${error.code}. ${error.message}`, code: 1 }
  if (error instanceof ExplainedError) return { text: [error.message, error.remedy].filter(Boolean).join('\n'), code: 1 }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 }
}

// Whoever reads the answer may stop reading, as `head` does.
process.stdout.on('error', () => process.exit(0))

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { text, code } = explain(error)
  // What went wrong was often said by somebody else: a proxy, a PAC file, whatever answers at the service's address.
  process.stderr.write(`${plainLines(text)}\n`)
  // Whatever still runs was started for a command that failed.
  process.exit(code)
}
