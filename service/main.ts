import { CommandProblem, ConfigProblem } from './ground/problems.ts'

const help = `The Roomkeeper service. Commands, each with --help:

  serve      run the service
  relay      run a relay of remote sessions alone
  tenant     the organisations of the service: its customers and partners
  directory  people and security groups of the embedded directory
  token      users and access tokens of the embedded identity provider
  backup     copy the service's data into one file
  restore    put a backup in its place
  audit      check that the audit log is as it was written
  routes     what each HTTP route needs
`

type Run = (args: readonly string[]) => Promise<void>

/** Loaded when asked for: a script that only wants a token does not wait for the whole service. */
const commands: Readonly<Record<string, () => Promise<Run>>> = {
  serve: async () => (await import('./cli/serve.ts')).serve,
  relay: async () => (await import('./cli/relay.ts')).relayCommand,
  token: async () => (await import('./cli/token.ts')).token,
  tenant: async () => (await import('./cli/tenant.ts')).tenantCommand,
  directory: async () => (await import('./cli/directory.ts')).directoryCommand,
  backup: async () => (await import('./cli/backup.ts')).backupCommand,
  restore: async () => (await import('./cli/backup.ts')).restoreCommand,
  audit: async () => (await import('./cli/audit.ts')).auditCommand,
  routes: async () => (await import('./cli/routes.ts')).routesCommand,
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
    await (
      await command()
    )(args)
  } catch (error) {
    const isUsage = error instanceof ConfigProblem || isArgumentError(error)
    const words = error instanceof CommandProblem || isUsage ? messageOf(error) : (error instanceof Error && error.stack) || String(error)
    process.stderr.write(`${words}\n${isUsage ? `See: service ${name} --help\n` : ''}`)
    process.exitCode = isUsage ? 2 : 1
  }
}

function isArgumentError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
