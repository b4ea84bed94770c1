import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Kysely } from 'kysely'
import { checkChain, chainSource } from '../audit/check.ts'
import { filesOf, readConfig } from '../config.ts'
import { CommandProblem, ConfigProblem } from '../problems.ts'
import { openReader } from '../store/sqlite.ts'
import type { Tables } from '../store/tables.ts'
import { tenantSelects } from '../store/tenantTables.ts'

export const auditHelp = `service audit verify: whether the audit log is as it was written; one line of JSON per tenant

  --tenant NAME        only this tenant, by name or id
  --expect-head HASH   a head that an earlier verification printed; it must still be in the log
  --data DIR           data folder (default: .data of this checkout); its service may be running

Note the head somewhere else from time to time: a log that was rewritten as a whole fits itself, but not that head.
Ends with 1 where a log was changed; "broken" is the number of the first record that does not fit.
`

/** Reads the database itself, read-only, so that the answer does not rest on the running service. */
export async function auditCommand(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: { tenant: text, 'expect-head': text, data: text, help: { type: 'boolean' } },
  })
  if (values.help) return void process.stdout.write(auditHelp)
  if (positionals.length !== 1 || positionals[0] !== 'verify') throw new ConfigProblem('Say what to do with the audit log: verify.')
  const { data } = readConfig(values.data === undefined ? {} : { data: values.data })
  const { database } = filesOf(data)
  if (!existsSync(database)) throw new CommandProblem(`There is no service data in ${data}.`)
  const reader = openReader(database)
  try {
    const db = new Kysely<Tables>({ dialect: reader.dialect })
    const { tenant, 'expect-head': expectHead } = values
    const all = await db.selectFrom('tenant').select(['id', 'name']).orderBy('name').orderBy('id').execute()
    const wanted = tenant === undefined ? all : all.filter(({ id, name }) => id === tenant || name === tenant)
    if (wanted.length === 0 && tenant !== undefined) throw new CommandProblem(`There is no tenant "${tenant}" in ${data}.`)
    if (wanted.length > 1 && expectHead !== undefined) throw new ConfigProblem('Name the tenant of the head with --tenant NAME.')
    for (const { id, name } of wanted) {
      const { expectedHead, ...check } = await checkChain(chainSource(tenantSelects(db, id)), expectHead)
      process.stdout.write(`${JSON.stringify({ tenant: name, id, ...check, ...(expectedHead === null ? {} : { expectedHead: expectedHead ? 'found' : 'missing' }) })}\n`)
      if (check.broken !== null) say(`The audit log of ${name} was changed: record ${check.broken} does not fit the one before it, or is missing.`)
      if (expectedHead === false) say(`The head ${expectHead} is not in the audit log of ${name}: the log was rewritten since, or its record was deleted for its age.`)
    }
  } finally {
    reader.close()
  }
}

function say(words: string): void {
  process.stderr.write(`${words}\n`)
  process.exitCode = 1
}
