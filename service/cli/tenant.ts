import { parseArgs } from 'node:util'
import { ConfigProblem } from '../ground/problems.ts'
import { Organisations } from '../identity/tenantRoutes.ts'
import { runningService } from './local.ts'

export const tenantHelp = `service tenant: the organisations of the running service

  list                 print them as JSON
  add --name NAME      make another one, such as a partner or a second customer
    --domain DOMAIN      with the embedded directory: a domain of it, by which it can be invited; add its people with
                         "service directory add-person --organisation NAME", a Global Administrator first
    --directory ID       with an issuer of your own: the id of its directory there (the "tid" of its people's tokens)
    --pro-manager ID     and the directory's object id of its first Pro Manager; left out, one of its Global
                         Administrators names one

  --data DIR           data folder of the running service (default: .data of this checkout)

Prints the organisations as they are then. The first organisation of a new service is made at its first start.
`

const text = { type: 'string' } as const

/** Lists and makes organisations of the running service. */
export async function tenantCommand(args: readonly string[]): Promise<void> {
  const options = { name: text, domain: text, directory: text, 'pro-manager': text, data: text, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ args: [...args], strict: true, allowPositionals: true, options })
  if (values.help) return void process.stdout.write(tenantHelp)
  const { data, help: _, 'pro-manager': proManager, ...fields } = values
  const [what, ...rest] = positionals
  if ((what !== 'list' && what !== 'add') || rest.length > 0) throw new ConfigProblem('Say what to do with organisations: list, or add.')
  if (what === 'add' && fields.name === undefined) throw new ConfigProblem('add needs --name.')
  if (what === 'list' && (proManager !== undefined || Object.keys(fields).length > 0))
    throw new ConfigProblem('list takes no option but --data.')
  const body = what === 'add' ? { ...fields, ...(proManager === undefined ? {} : { proManager }) } : undefined
  const listed = await runningService(data)('/v1/local/tenants', Organisations, body)
  process.stdout.write(`${JSON.stringify(listed.items, null, 2)}\n`)
}
