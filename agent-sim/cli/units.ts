import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { units } from '../systemd/units.ts'
import { parse, print, required, type Command, UsageError } from './command.ts'

/** Whether a text is the name of an account or a group, as systemd takes it. */
const isName = (text: string): boolean => /^[a-z_][a-z0-9_-]{0,30}$/u.test(text)

export const unitsCommand: Command = {
  help: `Usage: npm run agent -- units --to DIR --account NAME [options]

Writes the systemd units of the agent that lies here: it runs in an account of its own, confined to its data, the network and the
TPM, with the options in settings.json beside it. install.sh does this.

  --to DIR                   where the units go: /etc/systemd/system
  --account NAME             the agent's account
  --group NAME               a group of it beside its own, such as tss for the TPM
  --shell-account NAME       the account of remote terminals (default: no terminals)`,
  run(args) {
    const text = { type: 'string' } as const
    const { values } = parse(args, { to: text, account: text, 'shell-account': text, group: { type: 'string', multiple: true } })
    const to = required(values.to, '--to')
    const names = {
      '--account': required(values.account, '--account'),
      '--shell-account': values['shell-account'],
      '--group': values.group?.find((one) => !isName(one)),
    }
    for (const [option, name] of Object.entries(names)) {
      if (name !== undefined && !isName(name))
        throw new UsageError(`${option} must be the name of an account or a group, and is "${name}".`)
    }
    const files = units({
      folder: resolve(import.meta.dirname, '../..'),
      node: process.execPath,
      account: names['--account'],
      groups: values.group ?? [],
      shellAccount: names['--shell-account'],
    })
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(to, name), content, { mode: 0o644 })
      print(join(to, name))
    }
    return Promise.resolve(0)
  },
}
