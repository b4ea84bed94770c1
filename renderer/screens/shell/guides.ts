import type { Guide } from '../../stores/shell.ts'

/** A step of a guide: its words are messages, what is typed on the device is here. */
export interface GuideStep {
  readonly text: string
  readonly copy?: string
}

/** Where INSTALL.txt of the installer proposes to unpack it on Windows. */
const folder = 'C:\\Program Files\\RoomkeeperAgent'

/** The steps of a guide, with the deployment's own address filled in. */
export function stepsOf(guide: Guide, service: string): GuideStep[] {
  const step = (number: number, copy?: string): GuideStep => ({
    text: `guide.${guide}.step${number}`,
    ...(copy === undefined ? {} : { copy }),
  })
  switch (guide) {
    case 'enrol':
      return [step(1), step(2), step(3, service), step(4), step(5)]
    case 'proxy':
      return [
        step(1),
        step(2, 'bitsadmin /Util /SetIEProxy LOCALSYSTEM MANUAL_PROXY host:port ""'),
        step(3, 'bitsadmin /Util /SetIEProxy LOCALSYSTEM AUTOSCRIPT http://host/proxy.pac'),
        step(4, service),
      ]
    case 'byHand':
      return [
        step(1),
        step(2),
        step(3, folder),
        step(4),
        step(5, `cd '${folder}'; Get-ChildItem *.ps1 | Unblock-File`),
        step(6, 'Set-ExecutionPolicy -ExecutionPolicy RemoteSigned'),
        step(7, '.\\install.ps1'),
        step(8, 'sh install.sh'),
        step(9),
      ]
    case 'offboard':
      return [
        step(1),
        step(2, 'Set-ExecutionPolicy -ExecutionPolicy RemoteSigned'),
        step(3, `& '${folder}\\offboard.ps1'`),
        step(4, 'sh offboard.sh'),
        step(5),
        step(6),
      ]
  }
}
