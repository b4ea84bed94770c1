import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Kysely } from 'kysely'
import { machine } from '../../contract/machine.ts'
import { checkChain, chainSource } from '../audit/check.ts'
import { type HeadState, type NotedHead, readHead } from '../audit/head.ts'
import { filesOf, readConfig } from '../ground/config.ts'
import { CommandProblem, ConfigProblem } from '../ground/problems.ts'
import { openReader } from '../ground/store/sqlite.ts'
import type { Tables } from '../ground/store/tables.ts'
import { tenantSelects } from '../ground/store/tenantTables.ts'

export const auditHelp = `service audit verify: whether the audit log is as it was written; one line of JSON per tenant

  --tenant NAME        only this tenant, by name or id
  --head HEAD          a head that an earlier verification printed: what was written up to it must still be there; may be
                       given more than once
  --data DIR           data folder (default: .data of this checkout); its service may be running

Note the head somewhere else, every day or week: a log that was rewritten or cut as a whole fits itself, but not that head.
Ends with 1 where a log was changed; "broken" is the number of the first record that does not fit.
`

/** Reads the database itself, read-only, so that the answer does not rest on the running service. */
export async function auditCommand(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: { tenant: text, head: { type: 'string', multiple: true }, data: text, help: { type: 'boolean' } },
  })
  if (values.help) return void process.stdout.write(auditHelp)
  if (positionals.length !== 1 || positionals[0] !== 'verify') throw new ConfigProblem('Say what to do with the audit log: verify.')
  const { data } = readConfig(values.data === undefined ? {} : { data: values.data })
  const { database } = filesOf(data)
  if (!existsSync(database)) throw new CommandProblem(`There is no service data in ${data}.`)
  const { clock, turn } = machine({ keepsAlive: true })
  const reader = openReader(database, clock)
  try {
    const db = new Kysely<Tables>({ dialect: reader.dialect })
    const { tenant, head: texts = [] } = values
    const noted = texts.map(headFrom)
    const all = await db.selectFrom('tenant').select(['id', 'name']).orderBy('name').orderBy('id').execute()
    const wanted = tenant === undefined ? all : all.filter(({ id, name }) => id === tenant || name === tenant)
    if (wanted.length === 0 && tenant !== undefined) throw new CommandProblem(`There is no tenant "${tenant}" in ${data}.`)
    if (wanted.length > 1 && noted.length > 0) throw new ConfigProblem('Name the tenant of the head with --tenant NAME.')
    for (const { id, name } of wanted) {
      const { noted: states, ...check } = await checkChain(chainSource(tenantSelects(db, id), turn), clock.now(), noted)
      process.stdout.write(`${JSON.stringify({ tenant: name, id, ...check, ...(states.length === 0 ? {} : { heads: states }) })}\n`)
      if (check.broken !== null)
        say(`The audit log of ${name} was changed: record ${check.broken} does not fit what is before it, or is missing.`)
      for (const [index, state] of states.entries()) {
        const words = tampered[state]
        if (words !== undefined) say(`The audit log of ${name} is not the one whose head ${texts[index]} was noted: ${words}`)
      }
    }
  } finally {
    reader.close()
  }
}

const tampered: Partial<Record<HeadState, string>> = {
  cut: 'records are missing at its start that are not old enough to be deleted.',
  missing: 'it ends before that head, or was written anew.',
}

function headFrom(text: string): NotedHead {
  const head = readHead(text)
  if (!head) throw new ConfigProblem(`${text} is not a head that this command printed: NUMBER:COUNT:FROM:AT:HASH.`)
  return head
}

function say(words: string): void {
  process.stderr.write(`${words}\n`)
  process.exitCode = 1
}
