import { parseArgs } from 'node:util'
import { LocalToken, LocalUsers } from '../ground/ops/runtime.ts'
import { ConfigProblem } from '../ground/problems.ts'
import { runningService } from './local.ts'

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
  const ask = runningService(values.data)
  if (values.list) process.stdout.write(`${JSON.stringify(await ask('/v1/local/users', LocalUsers))}\n`)
  else process.stdout.write(`${(await ask('/v1/local/token', LocalToken, { email: values.user })).token}\n`)
}
