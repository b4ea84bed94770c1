import { parseArgs } from 'node:util'
import { type z } from 'zod'
import { Problem } from '../../contract/errors.ts'
import { filesOf, readConfig } from '../config.ts'
import { LocalToken, LocalUsers, readRuntime } from '../ops/runtime.ts'
import { CommandProblem, ConfigProblem } from '../problems.ts'

export const tokenHelp = `service token: tokens of the embedded identity provider, for scripts

  --list            print the users as JSON: email, role, tenant
  --user EMAIL      print an access token for this user
  --data DIR        data folder of the running service (default: .data of this checkout)
`

/** Asks the running service of this data folder, over loopback, with the secret that only this user can read. */
export async function token(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: { list: { type: 'boolean' }, user: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    process.stdout.write(tokenHelp)
    return
  }
  if ((values.list ?? false) === (values.user !== undefined)) throw new ConfigProblem('Give either --list or --user EMAIL.')
  const { data } = readConfig(values.data === undefined ? {} : { data: values.data })
  const runtime = readRuntime(filesOf(data).runtime)
  if (!runtime) throw new CommandProblem(`No service is running on ${data}. Start one, or name its folder with --data.`)
  const ask = async <T extends z.ZodType>(path: string, schema: T, body?: object): Promise<z.output<T>> => {
    const answer = await fetch(`${runtime.url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Admin ${runtime.adminSecret}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => {
      throw new CommandProblem(`The service of ${data} does not answer at ${runtime.url}. Was it ended?`)
    })
    const content: unknown = await answer.json()
    if (answer.ok) return schema.parse(content)
    const problem = Problem.safeParse(content)
    throw new CommandProblem(problem.success ? (problem.data.detail ?? problem.data.title) : `The service answered ${answer.status}.`)
  }
  if (values.list) process.stdout.write(`${JSON.stringify(await ask('/v1/local/users', LocalUsers))}\n`)
  else process.stdout.write(`${(await ask('/v1/local/token', LocalToken, { email: values.user })).token}\n`)
}
