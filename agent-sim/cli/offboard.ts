import { existsSync } from 'node:fs'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import { ActionError } from '../actions.ts'
import { RunningRooms } from '../control/client.ts'
import { ExplainedError } from '../explained.ts'
import type { AgentRoom } from '../room.ts'
import { agentsFolder, dataHelp, networkHelp, print, required, sayMeanwhile, type Command } from './command.ts'
import { openDevice, parseSingle, singleHelp } from './single-device.ts'

export const offboardCommand: Command = {
  help: `Usage: npm run agent -- offboard --room NAME [--data DIR]
       npm run agent -- offboard --device host|sim --service URL [options]

Removes the agent's key, journal and files from a device, and tells the service. The first form is for a room that is
running here; the second for a device whose agent does not run. A service that cannot be reached within
${limits.agentRequestMs / 1_000} s is not told, nor is any where the key cannot be used; what cannot be removed is named (exit
code 3). Afterwards, unenrol the room in the console.

${singleHelp}
${networkHelp}
${dataHelp}`,
  async run(args, system) {
    const { clock } = system
    const values = parseSingle(args, {})
    if (values.service === undefined) {
      const running = await RunningRooms.find(agentsFolder(values.data), clock)
      const { name, left } = await running.offboard(required(values.room, '--room'))
      print(`${name} is off-boarded.`)
      return notRemoved(left)
    }
    // Where the key is and what became of it is nothing that keeps the agent on the device.
    const { room, stop } = await openDevice({ ...values, key: undefined }, { system, control: false, note: sayMeanwhile })
    try {
      const trouble = await room.resume().then(
        (installed) => {
          if (installed) return undefined
          if (!existsSync(room.folder)) throw new ActionError(`No agent is installed for ${room.name}.`)
          return `${room.folder} does not say what it enrolled as`
        },
        (error: unknown) => {
          if (!(error instanceof ExplainedError)) throw error
          return error.message
        },
      )
      const told = trouble === undefined && (await tell(room, clock))
      const left = room.offboarded ? [] : await room.offboard()
      const why = trouble === undefined ? '' : `: ${trouble}`
      print(`${room.name} is off-boarded${told ? '' : `; the service could not be told${why}`}.`)
      return notRemoved(left)
    } finally {
      await stop()
    }
  },
}

/** Names what is left on the device; gives the exit code, by which the script of the installer knows that the rest is done. */
function notRemoved(left: readonly string[]): number {
  for (const what of left) print(`Not removed: ${what}`)
  return left.length === 0 ? 0 : 3
}

/** Connects, so that the service hears of it. A service that wants the device off-boarded says so at once, and the agent has obeyed. */
async function tell(room: AgentRoom, timers: Timers): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const undo = timers.after(limits.agentRequestMs, () => resolve(false))
  const connected = await Promise.race([room.connect().then(({ state }) => state === 'connected'), late])
  undo()
  return connected || room.offboarded
}
