import { text as readAll } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { DirectoryListing } from '../directory/edits.ts'
import { ConfigProblem } from '../ground/problems.ts'
import { runningService } from './local.ts'

export const directoryHelp = `service directory: people and security groups of the embedded directory

  list                                    print all of it as JSON
  add-person --email EMAIL --name NAME    make an account; its password (12 characters or more) is read from standard input
    --global-administrator                it may do everything in its organisation except remote access
    --no-password                         where nobody has one: the demo
  remove-person --email EMAIL             delete an account, and take it out of its groups
  add-group --name NAME                   make a security group
    --description TEXT
  remove-group --group GROUP              delete a security group
  add-member --group GROUP --member M     put a person or a group into a group
  remove-member --group GROUP --member M  take one out

  --organisation NAME  of which organisation, where there are several: its name, a domain of it, or its id
  --data DIR           data folder of the running service (default: .data of this checkout)

GROUP is a group's name or id; M is a person's e-mail address or id, or a group. Changes reach everybody's access at
once, and are in the audit log. Prints the directory as it is then.
`

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
  email: text,
  name: text,
  description: text,
  group: text,
  member: text,
  organisation: text,
  data: text,
  'global-administrator': flag,
  'no-password': flag,
  help: flag,
} as const
type Option = keyof typeof options

/** Which options each takes: those that it needs, and those that it may have. */
const commands: Readonly<Record<string, { needs: readonly Option[]; may: readonly Option[]; type?: string }>> = {
  list: { needs: [], may: [] },
  'add-person': { needs: ['email', 'name'], may: ['global-administrator', 'no-password', 'organisation'], type: 'addPerson' },
  'remove-person': { needs: ['email'], may: [], type: 'removePerson' },
  'add-group': { needs: ['name'], may: ['description', 'organisation'], type: 'addGroup' },
  'remove-group': { needs: ['group'], may: ['organisation'], type: 'removeGroup' },
  'add-member': { needs: ['group', 'member'], may: ['organisation'], type: 'addMember' },
  'remove-member': { needs: ['group', 'member'], may: ['organisation'], type: 'removeMember' },
}

/** Edits the directory of the running service. A password never is an argument, which every user of the machine could read. */
export async function directoryCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], strict: true, allowPositionals: true, options })
  if (values.help) return void process.stdout.write(directoryHelp)
  const [name = '', ...rest] = positionals
  const command = commands[name]
  if (!command || rest.length > 0) throw new ConfigProblem(`Say what to do with the directory: ${Object.keys(commands).join(', ')}.`)
  const given = Object.entries(values).filter(([option]) => option !== 'data')
  const unknown = given.find(([option]) => ![...command.needs, ...command.may].some((known) => known === option))
  if (unknown) throw new ConfigProblem(`${name} takes no --${unknown[0]}.`)
  const missing = command.needs.find((option) => values[option] === undefined)
  if (missing !== undefined) throw new ConfigProblem(`${name} needs --${missing}.`)

  const ask = runningService(values.data)
  const print = (listing: DirectoryListing): void => void process.stdout.write(`${JSON.stringify(listing, null, 2)}\n`)
  if (command.type === undefined) return print(await ask('/v1/local/directory', DirectoryListing))
  const { 'global-administrator': globalAdministrator, 'no-password': noPassword, data: _, ...fields } = values
  const asksPassword = command.type === 'addPerson' && !noPassword
  const password = asksPassword ? (await readAll(process.stdin)).replace(/\r?\n$/u, '') : undefined
  if (password === '') throw new ConfigProblem('Standard input has no password. Pipe one in, or give --no-password where nobody has one.')
  print(
    await ask('/v1/local/directory', DirectoryListing, {
      type: command.type,
      ...fields,
      ...(globalAdministrator ? { globalAdministrator } : {}),
      ...(password === undefined ? {} : { password }),
    }),
  )
}
