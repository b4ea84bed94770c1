import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../../contract/machine.ts'
import { readConfig } from '../ground/config.ts'
import { backup, restore } from '../ground/ops/backup.ts'
import { ConfigProblem } from '../ground/problems.ts'

export const backupHelp = `service backup: copies the service's data into one file, also while the service runs

  --to FILE     the file to make
  --data DIR    data folder (default: .data of this checkout)
`
export const restoreHelp = `service restore: puts a backup in the place of the service's data; the former data stays beside it

  --from FILE   a file made by backup
  --data DIR    data folder (default: .data of this checkout); its service must not be running
`

const options = { to: { type: 'string' }, from: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } } as const
const dataOf = (data: string | undefined): string => readConfig(data === undefined ? {} : { data }).data

export async function backupCommand(args: readonly string[]): Promise<void> {
  const { to, data, help } = options
  const { values } = parseArgs({ args: [...args], strict: true, options: { to, data, help } })
  if (values.help) return void process.stdout.write(backupHelp)
  if (values.to === undefined) throw new ConfigProblem('Name the file with --to FILE.')
  const file = resolve(values.to)
  await backup(dataOf(values.data), file)
  process.stdout.write(`${JSON.stringify({ backup: file })}\n`)
}

export async function restoreCommand(args: readonly string[]): Promise<void> {
  const { from, data, help } = options
  const { values } = parseArgs({ args: [...args], strict: true, options: { from, data, help } })
  if (values.help) return void process.stdout.write(restoreHelp)
  if (values.from === undefined) throw new ConfigProblem('Name the backup with --from FILE.')
  const former = await restore(resolve(values.from), dataOf(values.data), machine({ keepsAlive: true }).clock)
  process.stdout.write(`${JSON.stringify({ restored: dataOf(values.data), ...(former === undefined ? {} : { former }) })}\n`)
}
