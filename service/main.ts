import { ZodError } from 'zod'
import { backupCommand, restoreCommand } from './cli/backup.ts'
import { serve } from './cli/serve.ts'
import { token } from './cli/token.ts'
import { ConfigProblem } from './config.ts'

const help = `The Roomkeeper service. Commands, each with --help:

  serve      run the service
  token      users and access tokens of the embedded identity provider
  backup     copy the service's data into one file
  restore    put a backup in its place
`

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  serve,
  token,
  backup: backupCommand,
  restore: restoreCommand,
}

// Everything the service writes is for its own user only.
process.umask(0o077)

const [name = '--help', ...args] = process.argv.slice(2)
const command = commands[name]
if (name === '--help') {
  process.stdout.write(help)
} else if (!command) {
  process.stderr.write(`There is no command "${name}".\n\n${help}`)
  process.exitCode = 2
} else {
  try {
    await command(args)
  } catch (error) {
    const isUsage = error instanceof TypeError || error instanceof ConfigProblem
    const message = error instanceof ZodError ? (error.issues[0]?.message ?? '') : error instanceof Error ? error.message : String(error)
    process.stderr.write(`${message}\n${isUsage ? `See: service ${name} --help\n` : ''}`)
    process.exitCode = isUsage || error instanceof ZodError ? 2 : 1
  }
}
