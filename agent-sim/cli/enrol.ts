import { enrolmentIn } from '../agent/installation.ts'
import { dataHelp, networkHelp, print, type Command } from './command.ts'
import { openDevice, parseSingle, singleHelp } from './single-device.ts'

export const enrolCommand: Command = {
  help: `Usage: npm run agent -- enrol --service URL --key-file FILE [options]

Checks the prerequisites and, with --allowlist, the hosts; makes the device's key pair; enrols. Doing it again changes
nothing. Every step stands in installation.log of the device's folder. "run" then connects.

  --json                     print the ids as JSON
${singleHelp}
${networkHelp}
${dataHelp}`,
  async run(args) {
    const values = parseSingle(args, { json: { type: 'boolean' } })
    const { room, stop } = await openDevice(values, false)
    try {
      const known = enrolmentIn(room.folder)
      room.bringBack()
      await room.enrol()
      const enrolment = enrolmentIn(room.folder)
      if (values.json) print(JSON.stringify({ name: room.name, device: enrolment?.device, room: enrolment?.room }))
      else if (known && known.room === enrolment?.room)
        print(`It was enrolled before: device ${known.device}, room ${known.room}. The room is renamed and moved in the console.`)
      else print(`${room.name} is enrolled: device ${enrolment?.device ?? ''}, room ${enrolment?.room ?? ''}.`)
      return 0
    } finally {
      await stop()
    }
  },
}
