import type { Command } from '../../contract/commands.ts'
import type { Caller } from '../access/service.ts'
import type { ServiceDeps } from '../deps.ts'
import { askDirectory, type Asked } from '../partners/asked.ts'
import { readPolicyFile } from '../policyFile/read.ts'
import { mayImport } from './policyImport.ts'

/**
 * What a command needs before its write begins: answers of the directory, and a policy file parsed, which may take seconds.
 * What is wrong with the file is told by the command, after the rights are looked at.
 * @throws RoomkeeperError directory.unavailable
 */
export async function prepare(deps: Pick<ServiceDeps, 'directory'>, caller: Caller, command: Command): Promise<Asked> {
  const asked = await askDirectory(deps, caller, command)
  if (command.type !== 'policy.import' || !mayImport(caller.access)) return asked
  const [policyFile] = await Promise.allSettled([readPolicyFile(command.yaml)])
  return { ...asked, policyFile }
}
