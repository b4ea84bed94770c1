import { enrolmentIn } from '../agent/installation.ts'
import { dataHelp, networkHelp, print, sayMeanwhile, type Command } from './command.ts'
import { openDevice, parseSingle, singleHelp } from './single-device.ts'

export const enrolCommand: Command = {
  help: `Usage: npm run agent -- enrol --service URL --key-file FILE [options]

Checks the prerequisites and, with --allowlist, the hosts; makes the device's key pair; enrols. Doing it again changes
nothing, and brings back what a device has lost whose key is whole. Every step stands in installation.log of the device's
folder. "run" then connects.

  --new-key                  give the device another key, in the place that --key names: where the TPM was cleared, or the
                             key's file was lost. Its room stays as it is where the key before can still sign; else it waits
                             in onboarding
  --json                     print the ids as JSON
${singleHelp}
${networkHelp}
${dataHelp}`,
  async run(args, system) {
    const values = parseSingle(args, { json: { type: 'boolean' }, 'new-key': { type: 'boolean' } })
    const { room, stop } = await openDevice(values, { system, control: false, newKey: values['new-key'], note: sayMeanwhile })
    try {
      const known = enrolmentIn(room.folder)
      room.bringBack()
      const proved = values['new-key'] ? await room.enrolWithNewKey() : undefined
      if (proved === undefined) await room.enrol()
      const enrolment = enrolmentIn(room.folder)
      if (values.json) print(JSON.stringify({ name: room.name, device: enrolment?.device, room: enrolment?.room }))
      else if (proved !== undefined) {
        const ids = `device ${enrolment?.device ?? ''}, room ${enrolment?.room ?? ''}`
        print(
          `${room.name} has another key: ${ids}. ` +
            (proved ? 'Its room stays as it is.' : 'Its room waits in onboarding: enrol it in the console.'),
        )
      } else if (known && known.room === enrolment?.room)
        print(`It was enrolled before: device ${known.device}, room ${known.room}. The room is renamed and moved in the console.`)
      else print(`${room.name} is enrolled: device ${enrolment?.device ?? ''}, room ${enrolment?.room ?? ''}.`)
      return 0
    } finally {
      await stop()
    }
  },
}
